/** Maps the rules' own confidence to the measured share of right answers, by the calibration curves of the taxonomy. */
import type { DecisionWeights } from '../../../models/decision-weights.ts';
import type { FileField, TaxonomyFile } from '../../../models/taxonomy-file.ts';
import type { FieldResult } from '../classifier.ts';

/** Confidences have two decimals, so a table of 101 values holds a curve. */
const steps = 100;

export type Calibrate = (field: number, result: FieldResult) => FieldResult;

/** By field index. `weights`: fitted curves take precedence. A field without a curve for its type keeps its confidence. Curves rise, so the order of answers stays. */
export function createCalibration(
  { fields, calibration = {} }: Pick<TaxonomyFile, 'fields' | 'calibration'>,
  weights?: Pick<DecisionWeights, 'fields' | 'curves'>,
): Calibrate {
  const byType = new Map(Object.entries(calibration).map(([type, points]) => [type, tabulate(points ?? [])]));
  const tables = fields.map(({ id, type }: FileField) => {
    // Weights bring their own confidence.
    if (weights?.fields[id] !== undefined) return null;
    const own = weights?.curves[id];
    return own === undefined ? (byType.get(type) ?? null) : tabulate(own);
  });
  return (field, result) => {
    const table = tables[field] ?? null;
    if (table === null || result.value === null) return result;
    const { value, confidence, evidence } = result;
    return { value, confidence: table[Math.round(confidence * steps)] ?? confidence, evidence };
  };
}

function tabulate(points: readonly (readonly [number, number])[]): readonly number[] {
  return Array.from({ length: steps + 1 }, (_each, step) => {
    const at = step / steps;
    const next = points.findIndex(([from]) => from >= at);
    const [high, low] = [
      points[next] ?? points.at(-1),
      points[next - 1] ?? points[next === -1 ? points.length - 1 : 0],
    ];
    if (high === undefined || low === undefined) return at;
    const [width, rise] = [high[0] - low[0], high[1] - low[1]];
    const share = width <= 0 ? high[1] : low[1] + (rise * (Math.min(Math.max(at, low[0]), high[0]) - low[0])) / width;
    return Math.round(share * steps) / steps;
  });
}
