import type { Pod, Service } from '@drydock/api/core/v1';
import { objectKey, selectorFromSet } from '@drydock/base/apimachinery';

/** Keys of the Services, out of those of the Pod's namespace, whose selector matches the Pod. */
export function servicesOf(pod: Pod, services: readonly Service[]): string[] {
  return services
    .filter(({ spec }) => {
      const selector = spec?.selector;
      return (
        selector !== undefined &&
        Object.keys(selector).length > 0 &&
        selectorFromSet(selector).matches(pod.metadata.labels)
      );
    })
    .map(objectKey);
}
