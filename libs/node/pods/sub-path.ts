import type { Container, EnvVar, Pod } from '@drydock/api/core/v1';

/** The value of a variable as far as it follows from the Pod alone. */
function valueOf({ value, valueFrom }: EnvVar, { metadata }: Pod): string | undefined {
  const path = valueFrom?.fieldRef?.fieldPath;
  if (path === undefined) return valueFrom === undefined ? (value ?? '') : undefined;
  const [, map, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map !== undefined) return metadata[map as 'labels' | 'annotations']?.[key] ?? '';
  const known: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
  };
  return known[path];
}

/** Why a part of a volume that is named by variables cannot be mounted; undefined where it can. */
export function subPathFault(pod: Pod, { env = [], volumeMounts = [] }: Container): string | undefined {
  for (const { subPathExpr = '' } of volumeMounts) {
    if (subPathExpr === '') continue;
    let open = false;
    let missing: string | undefined;
    const path = subPathExpr.replace(/\$\$|\$\(([^)]*)\)/g, (all, variable?: string) => {
      if (variable === undefined) return '$';
      const found = env.findLast((one) => one.name === variable);
      if (found === undefined) {
        missing ??= variable;
        return all;
      }
      const value = valueOf(found, pod);
      if (value === undefined) open = true;
      return value ?? 'x';
    });
    if (missing !== undefined) return `missing value for ${missing}`;
    if (open) continue;
    if (path.startsWith('/')) return `error SubPath \`${path}\` must not be an absolute path`;
    if (path.split('/').includes('..'))
      return `unable to provision SubPath \`${path}\`: must not contain '..'`;
  }
  return undefined;
}
