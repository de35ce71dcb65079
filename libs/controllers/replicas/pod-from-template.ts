import { isDns1123Subdomain, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import { Pod, type PodTemplateSpec } from '@drydock/api/core/v1';
import { controllerReference } from '@drydock/machinery/controller';

/** The Pod that `owner` makes of its template, to be created under a generated name. Shares parts of the template. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject, ownerType: ResourceType): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const { name = '', namespace = '' } = owner.metadata;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: Pod.kind,
    metadata: {
      namespace,
      generateName: podNamePrefix(name),
      labels: labels ?? {},
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(owner, ownerType)],
      ...(finalizers ? { finalizers } : {}),
    },
  };
  if (template.spec) pod.spec = template.spec;
  return pod;
}

/** A dash sets the suffix apart, unless the name would not be valid with it. */
export function podNamePrefix(ownerName: string): string {
  const prefix = `${ownerName}-`;
  // What stands before the suffix must be valid with a character in the dash's place.
  return isDns1123Subdomain(`${ownerName}a`) ? prefix : ownerName;
}
