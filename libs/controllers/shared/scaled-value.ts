/** A count, or a percentage of `total` rounded up or down; absent or ill-formed is 0. */
export function scaledValue(value: number | string | undefined, total: number, roundUp: boolean): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  const percent = /^([0-9]+)%$/.exec(value)?.[1];
  if (percent === undefined) return 0;
  const exact = (Number(percent) * total) / 100;
  return roundUp ? Math.ceil(exact) : Math.floor(exact);
}
