import type { LabelSelector } from '@drydock/base/apimachinery';
import { formatLabelSelector } from '@drydock/base/apimachinery';

/** A Deployment's selector as its table shows it: an empty one is empty text. */
export function selectorTextOfMatch(selector: LabelSelector | undefined): string {
  try {
    return formatLabelSelector(selector) ?? '';
  } catch {
    return '<invalid>';
  }
}
