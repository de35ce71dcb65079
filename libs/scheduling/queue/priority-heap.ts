/** A binary heap with removal by identity: the first by `compare` comes out first. */
export interface PriorityHeap<T> {
  push(item: T): void;
  pop(): T | undefined;
  peek(): T | undefined;
  delete(item: T): boolean;
  has(item: T): boolean;
  readonly size: number;
}

export function createPriorityHeap<T>(compare: (a: T, b: T) => number): PriorityHeap<T> {
  const items: T[] = [];
  const places = new Map<T, number>();

  function put(item: T, at: number): void {
    items[at] = item;
    places.set(item, at);
  }

  function up(from: number): void {
    let at = from;
    const item = items[at] as T;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (compare(item, items[parent] as T) >= 0) break;
      put(items[parent] as T, at);
      at = parent;
    }
    put(item, at);
  }

  function down(from: number): void {
    let at = from;
    const item = items[at] as T;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && compare(items[child + 1] as T, items[child] as T) < 0) child++;
      if (compare(items[child] as T, item) >= 0) break;
      put(items[child] as T, at);
      at = child;
    }
    put(item, at);
  }

  function removeAt(at: number): T {
    const item = items[at] as T;
    const last = items.pop() as T;
    places.delete(item);
    if (at < items.length) {
      put(last, at);
      down(at);
      up(places.get(last) ?? at);
    }
    return item;
  }

  return {
    get size() {
      return items.length;
    },
    push(item) {
      put(item, items.length);
      up(items.length - 1);
    },
    peek: () => items[0],
    pop: () => (items.length === 0 ? undefined : removeAt(0)),
    delete(item) {
      const at = places.get(item);
      if (at === undefined) return false;
      removeAt(at);
      return true;
    },
    has: (item) => places.has(item),
  };
}
