/** What handlers are given: the product's services, wired in app.ts. */
import type { TaskContext } from '../core/task.ts';
import type { MeetingSubject } from '../models/meeting-subject.ts';
import type { ClassifyMeeting } from './classification/classify-meeting.ts';
import type { CheckHealth } from './upkeep/health.ts';
import type { PurgeExpired } from './upkeep/purge-expired.ts';
import type { SweepUnclassified } from './upkeep/sweep-unclassified.ts';

export interface Services {
  readonly classifyMeeting: ClassifyMeeting;
  readonly checkHealth: CheckHealth;
  readonly sweepUnclassified: SweepUnclassified;
  readonly purgeExpired: PurgeExpired;
}

/** The context of every handler in tasks/. */
export type Context = TaskContext<Services, MeetingSubject>;
