/** The meeting of a classification job, read in the same statement as the job. */
export interface MeetingSubject {
  readonly meetingId: number;
  readonly transcript: string | null;
  readonly clientName: string | null;
  readonly sellerName: string | null;
  readonly sellerPrompt: string | null;
  /** Input hash of the meeting's current classification; null: this worker has not classified it yet. */
  readonly currentInputHash: string | null;
}
