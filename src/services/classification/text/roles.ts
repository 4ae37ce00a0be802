/** Tells sellers from clients among speakers whose labels do not say it. */
import type { Sentence } from './sentences.ts';
import type { Role, Turn } from './speakers.ts';

export interface TurnClues {
  /** First tokens of what only a seller says. */
  readonly sellerSays: readonly number[];
  /** First tokens of what only a client says. */
  readonly clientClaims: readonly number[];
  readonly sentences: readonly Sentence[];
}

/** How surely the seller was told from the client. */
export type RoleMeasure =
  /** Nothing shows a dialogue: the text is the client's. */
  | 'monologue'
  /** By labels, firm, what is said, or who asks. */
  | 'told'
  /** Several speak and nothing tells who sells. */
  | 'untold';

/** Points by which the seller must lead who says nothing of a seller, against a client who says what only clients say. */
const minLeadByClaims = 4;
const points = { said: 3, asked: 1, claimed: -2 } as const;

/**
 * Gives each speaker of unknown role a role: by the roles of the same firm, by what they say, by the roles already known, by who asks
 * more questions.
 */
export function assignRoles(turns: readonly Turn[], clues: TurnClues): RoleMeasure {
  if (!turns.some(({ role }) => role === 'unknown')) return turns.length === 0 ? 'monologue' : 'told';
  joinColleagues(turns);
  const unknown = [...new Set(turns.filter(({ role }) => role === 'unknown').map(({ label }) => label))];
  const knows = (role: Role): boolean => turns.some((turn) => turn.role === role);
  const seller = knows('seller') ? undefined : findSeller(turns, unknown, clues, knows('client'));
  const isTold = seller !== undefined || knows('seller') || !isDialogue(turns, clues);
  for (const turn of turns) if (turn.role === 'unknown') turn.role = turn.label === seller ? 'seller' : 'client';
  return isTold ? 'told' : 'untold';
}

/** Undefined: none of them, or it cannot be told. */
function findSeller(
  turns: readonly Turn[],
  unknown: readonly string[],
  clues: TurnClues,
  knowsClient: boolean,
): string | undefined {
  const ranked = unknown
    .map((label) => ({ label, score: scoreAsSeller(turns, label, clues) }))
    .sort((a, b) => b.score - a.score);
  const [best, second] = ranked;
  if (best === undefined) return undefined;
  if (knowsClient && unknown.length === 1) return best.label;
  const lead = best.score - (second?.score ?? 0);
  if (best.score > 0 && lead > 0) return best.label;
  return second !== undefined && lead >= minLeadByClaims ? best.label : undefined;
}

const minTurns = 2;

/** Two speak more than once, and one of them asks. The lines of notes and the head of a letter look like speakers, too. */
function isDialogue(turns: readonly Turn[], { sentences }: TurnClues): boolean {
  const counts = new Map<string, number>();
  for (const { label } of turns) counts.set(label, (counts.get(label) ?? 0) + 1);
  const speakers = [...counts.values()].filter((count) => count >= minTurns).length;
  return speakers >= 2 && sentences.some(({ isQuestion, turn }) => isQuestion && turn >= 0);
}

const address = /^\S+@(\S+)$/;

/** Who has the firm or the mail domain of a known seller or client is one too. */
function joinColleagues(turns: readonly Turn[]): void {
  const roles = new Map<string, Role>();
  for (const turn of turns) {
    const firm = firmOf(turn);
    if (firm !== '' && turn.role !== 'unknown' && turn.role !== 'ignored') roles.set(firm, turn.role);
  }
  if (roles.size === 0) return;
  for (const turn of turns) if (turn.role === 'unknown') turn.role = roles.get(firmOf(turn)) ?? 'unknown';
}

function firmOf({ label, hint }: Turn): string {
  return hint === '' ? (address.exec(label)?.[1] ?? '') : hint;
}

/** Whether words without labels are those of a dialogue: a seller's and a client's. */
export function isUnlabelledDialogue(isNameless: boolean, { sellerSays, clientClaims }: TurnClues): boolean {
  return isNameless && (sellerSays.length > 0 || clientClaims.length === 0);
}

function scoreAsSeller(turns: readonly Turn[], label: string, clues: TurnClues): number {
  const own = turns.filter((turn) => turn.label === label);
  const within = (index: number): boolean => own.some((turn) => index >= turn.first && index <= turn.last);
  const said = clues.sellerSays.filter(within).length;
  const claimed = clues.clientClaims.filter(within).length;
  const asked = clues.sentences.filter((sentence) => sentence.isQuestion && within(sentence.first)).length;
  return said * points.said + asked * points.asked + claimed * points.claimed;
}
