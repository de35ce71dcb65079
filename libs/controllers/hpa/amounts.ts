import { quantityFromMilli } from '@drydock/base/apimachinery';

const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi'] as const;
const bytes = /^(memory|ephemeral-storage|storage|hugepages-)/;

/** An amount in milli-units as people write it: `40`, `190m`; bytes of memory and disks as `96Mi`. */
export function amountText(milli: number, resource = ''): string {
  if (!bytes.test(resource)) return quantityFromMilli(Math.trunc(milli)).toString();
  let value = milli / 1000;
  let unit = '';
  for (const next of binary) {
    if (Math.abs(value) < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${Number(value.toFixed(1))}${unit}`;
}
