import type { Pod } from '@drydock/api/core/v1';
import { parseDuration } from '@drydock/base/apimachinery';

/** What a Pod's annotations say of one container: `<name>.drydock.dev/<container>`, else `drydock.dev/<name>`. */
export function knob(pod: Pod, container: string, name: string): string | undefined {
  const annotations = pod.metadata.annotations;
  return annotations?.[`${name}.drydock.dev/${container}`] ?? annotations?.[`drydock.dev/${name}`];
}

/** A duration knob; text that is no duration counts as absent, since a Pod's annotations must not stop its node. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return Math.max(0, parseDuration(text));
  } catch {
    return undefined;
  }
}
