/** `RbacAuthorization` for `rbac.authorization`. */
export function camel(text: string): string {
  return text.replace(/(?:^|[^A-Za-z0-9])([A-Za-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}

/** `RbacAuthorization` for rbac.authorization.k8s.io, `Core` for the core group: how operation ids name groups. */
export function groupLabel(group: string): string {
  return group === '' ? 'Core' : camel(group.replace(/\.k8s\.io$/, ''));
}

/** `rbacAuthorization_v1`: what operations are filed under. */
export function tagOf(group: string, version?: string): string {
  const label = groupLabel(group);
  const tag = `${label[0]?.toLowerCase() ?? ''}${label.slice(1)}`;
  return version === undefined ? tag : `${tag}_${version}`;
}
