import type { Pod, Secret, ServiceAccount } from '@drydock/api/core/v1';
import { parseTime } from '@drydock/base/apimachinery';

export const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
export const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
export const uidAnnotation = 'kubernetes.io/service-account.uid';
const dayMs = 24 * 60 * 60 * 1000;

/** `2026-01-31` as milliseconds since the epoch; undefined for anything else. */
export function dateMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text) ? undefined : ms;
}

export function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The day after use is noted, at its beginning: from then on it surely is; undefined where nobody says. */
export function trackedSinceMs(text: string | undefined): number | undefined {
  const ms = dateMs(text);
  return ms === undefined ? undefined : ms + dayMs;
}

/** How volumes name their Secrets: `secret` and `azureFile`, drivers of CSI, and all others. */
interface SecretUser {
  readonly secretName?: string;
  readonly nodePublishSecretRef?: { readonly name?: string };
  readonly secretRef?: { readonly name?: string };
}

/** Names of the Secrets that the Pods of one namespace mount or read. */
export function mountedSecrets(pods: readonly Pod[]): Set<string> {
  const names = new Set<string>();
  const add = (name: string | undefined) => void (name && names.add(name));
  for (const { spec } of pods) {
    for (const volume of spec?.volumes ?? []) {
      for (const source of Object.values(volume) as (SecretUser | string)[]) {
        if (typeof source === 'string') continue;
        add(source.secretName);
        add(source.nodePublishSecretRef?.name);
        add(source.secretRef?.name);
      }
      for (const one of volume.projected?.sources ?? []) add(one.secret?.name);
    }
    const containers = [spec?.containers, spec?.initContainers, spec?.ephemeralContainers];
    for (const container of containers.flatMap((list) => list ?? [])) {
      for (const from of container.envFrom ?? []) add(from.secretRef?.name);
      for (const variable of container.env ?? []) add(variable.valueFrom?.secretKeyRef?.name);
    }
    for (const one of spec?.imagePullSecrets ?? []) add(one.name);
  }
  return names;
}

export type TokenFate = 'keep' | 'invalidate' | 'delete';

/**
 * What becomes of a token Secret: one that was made for its account (whose `secrets` name it), that no Pod mounts and that
 * nobody used for the whole period is marked invalid first, and deleted when it stays so for another period.
 */
export function tokenFate(
  secret: Secret,
  account: ServiceAccount | undefined,
  mounted: ReadonlySet<string>,
  nowMs: number,
  periodMs: number,
): TokenFate {
  const { name = '', creationTimestamp, deletionTimestamp, labels, annotations } = secret.metadata;
  const unusedSinceMs = nowMs - periodMs;
  if (deletionTimestamp || !creationTimestamp || parseTime(creationTimestamp) >= unusedSinceMs) return 'keep';
  const uid = annotations?.[uidAnnotation];
  if (uid && uid !== account?.metadata.uid) return 'keep';
  if (account?.secrets?.some((reference) => reference.name === name) !== true) return 'keep';
  if (mounted.has(name)) return 'keep';
  const lastUsed = labels?.[lastUsedLabel];
  const lastUsedMs = dateMs(lastUsed);
  // A date that cannot be read says nothing: the token stays.
  if (lastUsed !== undefined && lastUsedMs === undefined) return 'keep';
  if (lastUsedMs !== undefined && lastUsedMs + dayMs > unusedSinceMs) return 'keep';
  const invalidMs = dateMs(labels?.[invalidSinceLabel]);
  if (invalidMs === undefined) return 'invalidate';
  // The date is a day's: the period counts from its end.
  return nowMs < invalidMs + dayMs + periodMs ? 'keep' : 'delete';
}
