/** What a classification job is about, as the take reads it together with the job. */
export interface MeetingSubject {
  readonly meetingId: number;
  readonly transcript: string | null;
  readonly clientName: string | null;
  readonly sellerName: string | null;
  readonly sellerPrompt: string | null;
  /** Hash of the input under which the meeting's current classification was made; null: never classified by us. */
  readonly currentInputHash: string | null;
}
