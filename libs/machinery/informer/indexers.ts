import { controllerOf, type KubeObject } from '@drydock/base/apimachinery';

/** Index name and function: objects by namespace. */
export const byNamespace = {
  name: 'namespace',
  values: (object: KubeObject): readonly string[] => [object.metadata.namespace ?? ''],
};

/**
 * Index name and function: objects by the uid of their controller; those without one under `orphanOf(namespace)`.
 * With it a controller finds its dependents and adoption candidates without looking at a whole namespace.
 */
export const byController = {
  name: 'controller',
  values: (object: KubeObject): readonly string[] => [
    controllerOf(object)?.uid ?? orphanOf(object.metadata.namespace ?? ''),
  ],
};

/** The index value under which `byController` keeps the objects of a namespace that no controller owns. */
export function orphanOf(namespace: string): string {
  return `orphan/${namespace}`;
}

/** Index name and function: objects by each of their labels, as `labelKey(namespace, key, value)`. */
export const byLabel = {
  name: 'label',
  values: (object: KubeObject): readonly string[] => {
    const { labels, namespace = '' } = object.metadata;
    if (!labels) return [];
    const values: string[] = [];
    for (const key in labels) values.push(labelKey(namespace, key, labels[key] ?? ''));
    return values;
  },
};

export function labelKey(namespace: string, key: string, value: string): string {
  return `${namespace}/${key}=${value}`;
}

/** Index name and function: Pods by the node they are bound to; those that are not under the empty string. */
export const byNode = {
  name: 'node',
  values: (object: KubeObject & { spec?: { nodeName?: string } }): readonly string[] => [
    object.spec?.nodeName ?? '',
  ],
};
