import { imageName } from '../pods/index.ts';
import { sh, type Program } from '../shell/index.ts';
import { agnhost } from './agnhost.ts';
import { filePrograms } from './file-programs.ts';
import { patternPrograms } from './grep-sed.ts';
import { listingPrograms } from './listing.ts';
import { networkPrograms } from './network.ts';
import { systemPrograms } from './system.ts';
import { tar } from './tar.ts';
import { test } from './test-program.ts';
import { textPrograms } from './text.ts';

/** The programs of every simulated container, by name. */
export const programs: ReadonlyMap<string, Program> = new Map(
  Object.entries({
    ...textPrograms,
    ...patternPrograms,
    ...listingPrograms,
    ...filePrograms,
    ...systemPrograms,
    ...networkPrograms,
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

/** Those of agnhost, as the files that they are there. */
const ofAgnhost: ReadonlyMap<string, Program> = new Map([
  ...programs,
  ['/agnhost', agnhost],
  ['/agnhost-2', agnhost],
]);

/** The programs of an image's containers, by name, or by path where they are not on the PATH. */
export function programsOfImage(image: string): ReadonlyMap<string, Program> {
  return imageName(image) === 'agnhost' ? ofAgnhost : programs;
}

export { asksTheCluster, isOfTheNetwork } from './network.ts';
