import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Specs that run for a minute or more on two cores, the longest first, those that mostly wait beside those that mostly
 * compute. A new one is best entered here; it runs anyway.
 */
const long = [
  'e2e/containers/compose.spec.ts',
  'e2e/process/killed-loops.spec.ts',
  'e2e/kubectl/every-kind.spec.ts',
  'e2e/kubectl/commands.spec.ts',
  'e2e/kubectl/interactive.spec.ts',
  'e2e/kubectl/kubectl.spec.ts',
  // Not among the first: they need etcd and NATS, which under CI may still be on their way.
  'e2e/process/api-history.spec.ts',
];

/**
 * Begins with the specs that take longest, so that none of them runs on alone when everything else is done. vitest itself
 * knows how long a spec takes from the run before, which a clean checkout does not have.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const at = long.findIndex((path) => moduleId.endsWith(path));
      if (at >= 0) return at;
      // Unit specs last, one after the other: those of one worker share their modules.
      return project.name === 'unit' ? long.length + 1 : long.length;
    };
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}
