import { afterEach, beforeEach, describe } from 'vitest';
import { describeClose, describeConcurrency } from './concurrency-contract.ts';
import type { StoreContractOptions, StoreFixture } from './fixture.ts';
import { describeLists } from './list-contract.ts';
import { describeModel } from './model-contract.ts';
import { describeWatches } from './watch-contract.ts';
import { describeWrites } from './write-contract.ts';

export type { Recording, StoreContractOptions, StoreFixture } from './fixture.ts';
export { bytes, expectChain, record, refusal, text } from './fixture.ts';

/**
 * The contract of `Store` as tests; every engine runs it. Call it at the top of a spec file.
 * `open` makes a new, empty store for each test; its window must hold at least 1,000 changes.
 */
export function describeStoreContract(
  name: string,
  open: () => Promise<StoreFixture>,
  options: StoreContractOptions = {},
): void {
  describe(`${name} keeps the contract of Store`, () => {
    let fixture: StoreFixture;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(() => fixture.dispose());
    const use = () => fixture.store;

    describeWrites(use);
    describeLists(use);
    describeWatches(use, options);
    describeConcurrency(use, options);
    describeClose(use, () => fixture, options);
    describeModel(open, options);
  });
}
