function rankOf(version: string): readonly [stage: number, major: number, minor: number] {
  const [, major, stage, minor = '0'] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  if (major === undefined) return [0, 0, 0];
  return [stage === undefined ? 3 : stage === 'beta' ? 2 : 1, Number(major), Number(minor)];
}

/**
 * Which of two versions Kubernetes prefers: positive when it is `a`. `v2` before `v1` before `v2beta1` before `v1alpha1`
 * before everything of another form, which goes by the alphabet.
 */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [rankOf(a), rankOf(b)];
  for (let at = 0; at < 3; at++) if (x[at] !== y[at]) return (x[at] ?? 0) - (y[at] ?? 0);
  return a === b ? 0 : a < b ? 1 : -1;
}
