import { parseSelector, type LabelMatcher } from '@drydock/base/apimachinery';
import type { Pod } from '@drydock/api/core/v1';
import { byLabel, byNamespace, labelKey, type Informer } from '@drydock/machinery/informer';

/** A label that everything selected must have, as an index value; undefined where the selector demands none. */
function demanded(namespace: string, selector: LabelMatcher): string | undefined {
  for (const { key } of selector.requirements) {
    const value = selector.exactValue(key);
    if (value !== undefined) return labelKey(namespace, key, value);
  }
  return undefined;
}

/** The Pods that a selector finds, by way of an index. The informer needs `byLabel` and `byNamespace`. */
export function selectPods(pods: Informer<Pod>, namespace: string, selector: LabelMatcher): Pod[] {
  const label = demanded(namespace, selector);
  const candidates =
    label === undefined ? pods.byIndex(byNamespace.name, namespace) : pods.byIndex(byLabel.name, label);
  return candidates.filter(({ metadata }) => selector.matches(metadata.labels));
}

const parsed = new Map<string, LabelMatcher>();
const maxParsed = 20_000;

/** The selector of a text; the same for the same text, as targets say the same at every look. @throws SelectorSyntaxError */
export function selectorOf(text: string): LabelMatcher {
  let selector = parsed.get(text);
  if (selector === undefined) {
    selector = parseSelector(text);
    if (parsed.size >= maxParsed) parsed.clear();
    parsed.set(text, selector);
  }
  return selector;
}

/** Remembers which autoscaler selects what, so that two that fight over the same Pods are found out. */
export function createSelectorTable() {
  const entries = new Map<string, { namespace: string; selector: LabelMatcher; bucket: string }>();
  const buckets = new Map<string, Set<string>>();
  const forget = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    const bucket = buckets.get(entry.bucket);
    bucket?.delete(key);
    if (bucket?.size === 0) buckets.delete(entry.bucket);
  };
  return {
    forget,
    put(key: string, namespace: string, selector: LabelMatcher): void {
      if (entries.get(key)?.selector === selector) return;
      forget(key);
      const bucket = demanded(namespace, selector) ?? `${namespace}/`;
      entries.set(key, { namespace, selector, bucket });
      buckets.set(bucket, (buckets.get(bucket) ?? new Set()).add(key));
    },
    /** The keys of all that select one of these Pods, sorted. */
    selecting(namespace: string, pods: readonly Pod[]): string[] {
      const found = new Set<string>();
      for (const { metadata } of pods) {
        for (const bucket of [`${namespace}/`, ...byLabel.values({ metadata } as Pod)]) {
          for (const key of buckets.get(bucket) ?? []) {
            if (!found.has(key) && entries.get(key)?.selector.matches(metadata.labels) === true)
              found.add(key);
          }
        }
      }
      return [...found].sort();
    },
  };
}
