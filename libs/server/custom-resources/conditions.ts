import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionStatus,
} from '@drydock/api/apiextensions/v1';

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** A condition before it has its time. */
export type Condition = Pick<CustomResourceDefinitionCondition, 'type' | 'status' | 'reason' | 'message'>;

export function findCondition(
  crd: CustomResourceDefinition,
  type: string,
): CustomResourceDefinitionCondition | undefined {
  return crd.status?.conditions?.find((condition) => condition.type === type);
}

export function isTrue(crd: CustomResourceDefinition, type: string): boolean {
  return findCondition(crd, type)?.status === 'True';
}

export function sameCondition(a: Condition | undefined, b: Condition | undefined): boolean {
  return a?.status === b?.status && a?.reason === b?.reason && a?.message === b?.message;
}

/** Writes the condition into the (private) definition; its time changes with its status only. */
export function setCondition(crd: CustomResourceDefinition, next: Condition, now: string): void {
  const status = (crd.status ??= {} as CustomResourceDefinitionStatus);
  const conditions = (status.conditions ??= []);
  const at = conditions.findIndex((condition) => condition.type === next.type);
  const old = conditions[at];
  const lastTransitionTime =
    old?.status === next.status && old.lastTransitionTime ? old.lastTransitionTime : now;
  const made: CustomResourceDefinitionCondition = {
    type: next.type,
    status: next.status,
    lastTransitionTime,
    reason: next.reason ?? '',
    message: next.message ?? '',
  };
  if (old === undefined) conditions.push(made);
  else conditions[at] = made;
}
