import { Pod, type PodResourceClaim } from '@drydock/api/core/v1';
import type { ResourceClaim, ResourceClaimTemplate } from '@drydock/api/resource/v1';
import { podClaimAnnotation } from '@drydock/api/resource-claims';
import { controllerOf } from '@drydock/base/apimachinery';
import { controllerReference } from '@drydock/machinery/controller';

/** What leaves room for five random characters in a label of 63. */
const maxBaseLength = 57;

/** The base of a generated claim's name: `<pod>-<claim>-`, of both the same share where that is too long. */
export function generateNameFor(podName: string, claimName: string): string {
  const whole = `${podName}-${claimName}-`;
  if (whole.length <= maxBaseLength) return whole;
  const part = (text: string) => text.slice(0, Math.trunc((text.length * maxBaseLength) / whole.length));
  return `${part(podName)}-${part(claimName)}`;
}

/** The claim that a template makes for a Pod: it lives and dies with it. */
export function claimFromTemplate(
  pod: Pod,
  { name }: PodResourceClaim,
  { spec }: ResourceClaimTemplate,
): ResourceClaim {
  const { labels, annotations } = spec?.metadata ?? {};
  return {
    metadata: {
      generateName: generateNameFor(pod.metadata.name ?? '', name),
      namespace: pod.metadata.namespace ?? '',
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [podClaimAnnotation]: name },
      ownerReferences: [controllerReference(pod, Pod)],
    },
    ...(spec?.spec === undefined ? {} : { spec: spec.spec }),
  };
}

/** Whether a claim was made for an entry of a Pod's spec. */
export function isGeneratedFor(pod: Pod, { name }: PodResourceClaim, claim: ResourceClaim): boolean {
  return (
    controllerOf(claim)?.uid === pod.metadata.uid && claim.metadata.annotations?.[podClaimAnnotation] === name
  );
}
