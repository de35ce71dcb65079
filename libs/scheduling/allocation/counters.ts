import type { Device } from '@drydock/api/resource/v1';
import { addQuantities, parseQuantity, subtractQuantities, type Quantity } from '@drydock/base/apimachinery';
import type { AllocatedDevices } from './allocated.ts';
import type { Pool } from './pools.ts';

/** How much is left of the counters that devices of a pool share (KEP-4815). */
export interface CounterStock {
  /** Takes what a device needs, where there is enough of everything; answers whether there is. */
  take(pool: Pool, device: Device): boolean;
  giveBack(pool: Pool, device: Device): void;
}

/** Counters by `set/counter`. */
type Left = Map<string, Quantity>;

function needs({ consumesCounters = [] }: Device): [string, Quantity][] {
  const total = new Map<string, Quantity>();
  for (const { counterSet, counters } of consumesCounters)
    for (const [name, { value }] of Object.entries(counters)) {
      const key = `${counterSet}/${name}`;
      const known = total.get(key);
      const amount = parseQuantity(value);
      total.set(key, known === undefined ? amount : addQuantities(known, amount));
    }
  return [...total];
}

export function createCounterStock({ whole, shared }: AllocatedDevices): CounterStock {
  const left = new Map<string, Left>();

  function stockOf(pool: Pool): Left {
    const key = `${pool.driver}/${pool.name}`;
    const known = left.get(key);
    if (known !== undefined) return known;
    const stock: Left = new Map();
    for (const { name, counters } of pool.counterSets.values())
      for (const [counter, { value }] of Object.entries(counters))
        stock.set(`${name}/${counter}`, parseQuantity(value));
    left.set(key, stock);
    // What is allocated on other nodes uses up the same counters.
    for (const { spec } of [...pool.slices, ...pool.elsewhere])
      for (const device of spec.devices ?? []) {
        const id = `${key}/${device.name}`;
        if (whole.has(id) || shared.has(id)) change(stock, device, subtractQuantities);
      }
    return stock;
  }

  function change(stock: Left, device: Device, by: (a: Quantity, b: Quantity) => Quantity): void {
    for (const [key, amount] of needs(device)) {
      const known = stock.get(key);
      if (known !== undefined) stock.set(key, by(known, amount));
    }
  }

  return {
    take(pool, device) {
      const stock = stockOf(pool);
      const enough = needs(device).every(([key, amount]) => {
        const known = stock.get(key);
        return known !== undefined && known.compare(amount) >= 0;
      });
      if (enough) change(stock, device, subtractQuantities);
      return enough;
    },
    giveBack: (pool, device) => change(stockOf(pool), device, addQuantities),
  };
}
