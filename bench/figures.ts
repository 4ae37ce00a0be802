/** Small statistics on figures. */

/** `share` 0 to 1, nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** At most three digits behind the point, for people and JSON alike. */
export function rounded<T>(value: T): T {
  if (typeof value === 'number') return (Math.round(value * 1_000) / 1_000) as T;
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rounded(each)])) as T;
  }
  return value;
}
