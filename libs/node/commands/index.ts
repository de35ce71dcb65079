import { sh, type Program } from '../shell/index.ts';
import { filePrograms } from './file-programs.ts';
import { patternPrograms } from './grep-sed.ts';
import { listingPrograms } from './listing.ts';
import { systemPrograms } from './system.ts';
import { tar } from './tar.ts';
import { test } from './test-program.ts';
import { textPrograms } from './text.ts';

/** The programs of a simulated container, by name. */
export const programs: ReadonlyMap<string, Program> = new Map(
  Object.entries({
    ...textPrograms,
    ...patternPrograms,
    ...listingPrograms,
    ...filePrograms,
    ...systemPrograms,
    tar,
    test,
    '[': test,
    '[[': test,
    sh,
    ash: sh,
    bash: sh,
    dash: sh,
  }),
);
