/** A copy without the members that are 0, which Kubernetes leaves out of the wire form; those in `keep` stay. */
export function omitZeros<T extends object>(value: T, keep: readonly (keyof T)[] = []): T {
  const entries = Object.entries(value).filter(
    ([name, member]) => member !== 0 || keep.includes(name as keyof T),
  );
  return Object.fromEntries(entries) as T;
}
