import type { StoreSnapshot } from '@drydock/port/store';

interface Account {
  /** Newest acknowledged state; word `-`: absent. */
  acked: { word: string; revision: number };
  /** Words of writes that were begun and never answered. */
  open: string[];
}

/** Follows what the crash test's writers said, over all rounds, and judges what is found afterwards. */
export class Ledger {
  readonly #accounts = new Map<string, Account>();
  readonly #revisions = new Set<number>();
  /** Highest revision known to be committed. */
  highest = 0;
  acknowledged = 0;

  /** Takes what one writer said until it was killed; a line cut short by the kill was not said. */
  read(output: string): string[] {
    const problems: string[] = [];
    const floor = this.highest;
    for (const line of output.split('\n').slice(0, -1)) {
      const [what, key, word, at] = line.split(' ') as [string, string, string, string];
      if (what === 'opened') {
        if (Number(key) !== floor) problems.push(`opened at revision ${key}, not ${floor}`);
        continue;
      }
      const account = this.#account(key);
      if (what === 'intent') {
        account.open.push(word);
        continue;
      }
      account.open.splice(account.open.indexOf(word), 1);
      if (what === 'refused') continue;
      const revision = Number(at);
      this.acknowledged++;
      if (revision <= floor)
        problems.push(`revision ${revision} went back: ${floor} was reached before the crash`);
      if (this.#revisions.has(revision)) problems.push(`revision ${revision} was given twice`);
      this.#revisions.add(revision);
      if (revision > account.acked.revision) account.acked = { word, revision };
      this.highest = Math.max(this.highest, revision);
    }
    return problems;
  }

  /** Compares with what the reopened store holds, then takes that as the state to go on from. */
  settle({ entries, revision }: StoreSnapshot): string[] {
    const problems: string[] = [];
    if (revision < this.highest)
      problems.push(`the store is at ${revision}, but ${this.highest} was acknowledged`);
    const seen = new Map(entries.map((entry) => [entry.key, entry]));
    for (const key of seen.keys()) this.#account(key);
    for (const [key, account] of this.#accounts) {
      const entry = seen.get(key);
      const word = entry === undefined ? '-' : new TextDecoder().decode(entry.value).split('|')[0]!;
      const at = entry?.revision ?? 0;
      const { acked, open } = account;
      const asAcked = word === acked.word && (entry === undefined || at === acked.revision);
      const byOpen = open.includes(word) && (entry === undefined || (at > acked.revision && at <= revision));
      if (!asAcked && !byOpen) {
        problems.push(
          `${key} is ${word}@${at}; acknowledged ${acked.word}@${acked.revision}, open ${open.join(',')}`,
        );
      }
      if (!asAcked && entry !== undefined && this.#revisions.has(at))
        problems.push(`revision ${at} belongs to another write`);
      account.open = [];
      account.acked = entry === undefined ? { word: '-', revision } : { word, revision: at };
    }
    this.highest = Math.max(this.highest, revision);
    return problems;
  }

  #account(key: string): Account {
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = { acked: { word: '-', revision: 0 }, open: [] };
      this.#accounts.set(key, account);
    }
    return account;
  }
}
