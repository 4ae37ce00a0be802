/** Lists of meetings and counts of labels, as text for people. */
import type { LabelStats, ListedMeeting } from '../../services/meetings/list-meetings.ts';
import { describeValue, toFieldValue } from '../../services/reporting/meeting-labels.ts';
import type { Cli } from '../kit/cli.ts';
import { counted } from '../kit/counted.ts';

/** The labels that say most; `vambe show` has all of them. */
const shownFields = ['purchase_stage', 'primary_pain_point', 'business_sector'] as const;
const terminalFields = ['purchase_stage', 'business_sector'] as const;

export function describeMeetingList(cli: Cli, meetings: readonly ListedMeeting[]): string {
  const fields = cli.isTerminal ? terminalFields : shownFields;
  const head = ['id', 'met', 'client', 'seller', 'closed', ...fields, 'confidence', 'mark'];
  const rows = meetings.map((meeting) => [
    meeting.id,
    cli.isTerminal ? meeting.meeting_at.toISOString().slice(0, 10) : meeting.meeting_at.toISOString(),
    meeting.client_name,
    meeting.seller_name,
    meeting.closed ? 'yes' : 'no',
    ...fields.map((field) => describeValue(toFieldValue(meeting.labels[field]))),
    meeting.confidence?.toFixed(2) ?? null,
    markOf(meeting),
  ]);
  return cli.table(head, rows);
}

function markOf({ classified, needs_review, corrected_fields }: ListedMeeting): string | null {
  if (!classified) return 'not classified';
  if (needs_review) return 'needs a look';
  return corrected_fields.length > 0 ? 'corrected' : null;
}

export function describeLabelStats(cli: Cli, stats: LabelStats): string {
  const head = ['field', 'value', 'meetings', 'closed', 'share', 'confidence'];
  const rows = stats.fields.flatMap(({ field, values, notSaid, meanConfidence }) => {
    const share = (count: number) =>
      stats.classified === 0 ? null : `${Math.round((100 * count) / stats.classified)} %`;
    const confidence = meanConfidence?.toFixed(2) ?? null;
    const said = values.map(({ value, meetings, closed }, index) => [
      index === 0 || !cli.isTerminal ? field : '',
      value,
      meetings,
      closed,
      share(meetings),
      index === 0 || !cli.isTerminal ? confidence : null,
    ]);
    const name = said.length === 0 || !cli.isTerminal ? field : '';
    return notSaid === 0 ? said : [...said, [name, 'not said', notSaid, null, share(notSaid), null]];
  });
  return cli.table(head, rows);
}

export function describeLabelTotals({ meetings, classified }: LabelStats): string {
  return `${counted(meetings, 'meeting')}, ${classified} of them classified. Shares are of the classified ones.`;
}
