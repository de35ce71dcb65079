import { parseQuantity, type Quantity } from '@drydock/base/apimachinery';

/** Amounts by resource name. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** Reads a resource list; what is no quantity is left out. */
export function amountsOf(list: Readonly<Record<string, string>> | undefined): Map<string, Quantity> {
  const result = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(list ?? {})) result.set(name, parseQuantity(text));
  return result;
}

/** The wire form of amounts. */
export function resourceList(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toString()]));
}

/** Adds `from` to `into`. */
export function addAmounts(into: Map<string, Quantity>, from: Amounts): void {
  for (const [name, amount] of from) {
    const before = into.get(name);
    into.set(name, before === undefined ? amount : before.add(amount));
  }
}

/** `a - b`, with the names of both. */
export function subtractAmounts(a: Amounts, b: Amounts): Map<string, Quantity> {
  const result = new Map(a);
  for (const [name, amount] of b) {
    const before = a.get(name) ?? parseQuantity('0');
    result.set(name, before.sub(amount));
  }
  return result;
}

/** Raises each amount of `into` to that of `from` where it is less. */
export function raiseAmounts(into: Map<string, Quantity>, from: Amounts): void {
  for (const [name, amount] of from) {
    const before = into.get(name);
    if (before === undefined || amount.compare(before) > 0) into.set(name, amount);
  }
}

/** Only the amounts with these names. */
export function maskAmounts(amounts: Amounts, names: readonly string[]): Map<string, Quantity> {
  return new Map([...amounts].filter(([name]) => names.includes(name)));
}

/** The names of which `amounts` has more than `limit`. */
export function exceeding(amounts: Amounts, limit: Amounts): string[] {
  return [...amounts].flatMap(([name, amount]) => {
    const most = limit.get(name);
    return most !== undefined && amount.compare(most) > 0 ? [name] : [];
  });
}
