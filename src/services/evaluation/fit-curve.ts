/** Fits how often answers of a confidence are right: the curves under `calibration` in a taxonomy file. */
import type { JudgedAnswer } from './calibration.ts';

/** A confidence of the rules, and the share that is right there. */
export type CurvePoint = readonly [number, number];

interface Block {
  readonly confidence: number;
  readonly share: number;
  readonly answers: number;
}

/** No number of right answers makes the next one certain. */
const maxConfidence = 0.99;

/**
 * Isotonic regression (pool adjacent violators): the rising steps nearest to what was seen. Each step is drawn a little towards a
 * half, (right + 1) / (answers + 2), as a few right answers are no certainty. Points have two decimals and rise; none without answers.
 */
export function fitCurve(answers: readonly Pick<JudgedAnswer, 'confidence' | 'isRight'>[]): readonly CurvePoint[] {
  const seen = new Map<number, { right: number; answers: number }>();
  for (const { confidence, isRight } of answers) {
    const at = seen.get(confidence) ?? { right: 0, answers: 0 };
    seen.set(confidence, { right: at.right + (isRight ? 1 : 0), answers: at.answers + 1 });
  }
  const blocks = [...seen].map(([confidence, at]) => ({
    confidence,
    share: at.right / at.answers,
    answers: at.answers,
  }));
  const smoothed = pool(blocks.sort((a, b) => a.confidence - b.confidence)).map((block) => ({
    ...block,
    share: (block.share * block.answers + 1) / (block.answers + 2),
  }));
  return pool(smoothed).map(({ confidence, share }) => [round(confidence), Math.min(maxConfidence, round(share))]);
}

/** Neighbours that fall become one, at their common mean. */
function pool(blocks: readonly Block[]): Block[] {
  const pooled: Block[] = [];
  for (const block of blocks) {
    let last: Block = block;
    for (let before = pooled.at(-1); before !== undefined && before.share >= last.share; before = pooled.at(-1)) {
      pooled.pop();
      const answers = before.answers + last.answers;
      const mean = (of: 'confidence' | 'share') =>
        ((before?.[of] ?? 0) * (before?.answers ?? 0) + last[of] * last.answers) / answers;
      last = { confidence: mean('confidence'), share: mean('share'), answers };
    }
    pooled.push(last);
  }
  return pooled;
}

function round(share: number): number {
  return Math.round(share * 100) / 100;
}
