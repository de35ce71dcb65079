import type { KubeObject } from '@drydock/base/apimachinery';
import { validateDns1123Label } from '@drydock/base/apimachinery';

/** Advice on a workload's name: its Pods take it, and their host names should be DNS labels. */
export function podNameWarnings(object: KubeObject): string[] {
  const messages = validateDns1123Label(object.metadata.name ?? '');
  if (messages.length === 0) return [];
  const surprise = 'this is used in Pod names and hostnames, which can result in surprising behavior';
  return [`metadata.name: ${surprise}; a DNS label is recommended: [${messages.join(' ')}]`];
}
