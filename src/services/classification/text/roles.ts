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

/** Gives each speaker of unknown role a role: by what they say, by the roles already known, by who asks more questions. */
export function assignRoles(turns: readonly Turn[], clues: TurnClues): void {
  const unknown = [...new Set(turns.filter((turn) => turn.role === 'unknown').map((turn) => turn.label))];
  if (unknown.length === 0) return;
  const knows = (role: Role): boolean => turns.some((turn) => turn.role === role);
  const scores = new Map(unknown.map((label) => [label, scoreAsSeller(turns, label, clues)]));
  const ranked = [...unknown].sort((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0));
  const roles = new Map<string, Role>(unknown.map((label) => [label, 'client']));
  const [best = '', second = ''] = ranked;
  const bestScore = scores.get(best) ?? 0;
  if (knows('client') && !knows('seller') && unknown.length === 1) {
    roles.set(best, 'seller');
  } else if (!knows('seller') && bestScore > 0 && bestScore > (scores.get(second) ?? 0)) {
    roles.set(best, 'seller');
  }
  for (const turn of turns) if (turn.role === 'unknown') turn.role = roles.get(turn.label) ?? 'client';
}

function scoreAsSeller(turns: readonly Turn[], label: string, clues: TurnClues): number {
  const own = turns.filter((turn) => turn.label === label);
  const within = (index: number): boolean => own.some((turn) => index >= turn.first && index <= turn.last);
  const said = clues.sellerSays.filter(within).length;
  const claimed = clues.clientClaims.filter(within).length;
  const asked = clues.sentences.filter((sentence) => sentence.isQuestion && within(sentence.first)).length;
  return said * 3 + asked - claimed * 2;
}
