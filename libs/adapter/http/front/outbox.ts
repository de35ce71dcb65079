import type { Batch } from './messages.ts';

/** A batch with more bytes than this does not wait for the end of the turn. */
const fullBytes = 1024 * 1024;

type Post = (message: unknown, transfer: readonly ArrayBuffer[]) => void;

/** Gathers what one turn of the loop has to say to the other thread, and sends it at once. */
export class Outbox<Item> {
  readonly #post: Post;
  #items: Item[] = [];
  #parts: Uint8Array[] = [];
  #length = 0;
  #given: ArrayBuffer[] = [];
  readonly #places = new Map<Uint8Array, number>();
  #scheduled: NodeJS.Immediate | undefined;
  #sent = 0;

  constructor(post: Post) {
    this.#post = post;
  }

  /** How many batches have left: an item may be changed until its own has. */
  get sent(): number {
    return this.#sent;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#scheduled ??= setImmediate(() => this.flush());
    if (this.#length > fullBytes) this.flush();
  }

  /** Where the bytes that are placed next will be. */
  get length(): number {
    return this.#length;
  }

  /** Where bytes will be in the batch that leaves next. They are copied when it leaves. To be called before their item is added. */
  place(bytes: Uint8Array): number {
    const place = this.#length;
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return place;
  }

  /** As `place`, but the same array is sent once a batch, however many speak of it. */
  placeShared(bytes: Uint8Array): number {
    let place = this.#places.get(bytes);
    if (place === undefined) {
      place = this.place(bytes);
      this.#places.set(bytes, place);
    }
    return place;
  }

  /** Gives a buffer away without a copy: nobody may touch it from now on. */
  give(buffer: ArrayBuffer): number {
    this.#given.push(buffer);
    return -this.#given.length;
  }

  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#items.length === 0) return;
    const bytes = this.#length === 0 ? undefined : new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes?.set(part, at);
      at += part.length;
    }
    const batch: Batch<Item> = [this.#items, bytes?.buffer, this.#given];
    this.#post(batch, bytes === undefined ? this.#given : [bytes.buffer, ...this.#given]);
    this.#items = [];
    this.#parts = [];
    this.#length = 0;
    this.#given = [];
    this.#places.clear();
    this.#sent += 1;
  }
}
