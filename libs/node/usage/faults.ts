import type { Pod } from '@drydock/api/core/v1';
import { parseUsage } from './curve.ts';
import { UsageSyntaxError } from './expression.ts';

const ofAll = /^drydock\.dev\/(?:cpu|memory)-usage$/;
const ofOne = /^(?:cpu|memory)-usage\.drydock\.dev\/(.+)$/;

export interface UsageFault {
  readonly annotation: string;
  readonly text: string;
  /** What is wrong, for people. */
  readonly message: string;
}

/** What the annotations of a Pod say of usage that means nothing: such are as if they were not there. */
export function usageFaults({ metadata, spec }: Pod): readonly UsageFault[] {
  const faults: UsageFault[] = [];
  for (const [annotation, text] of Object.entries(metadata.annotations ?? {})) {
    const container = ofOne.exec(annotation)?.[1];
    if (container === undefined && !ofAll.test(annotation)) continue;
    const fault = (why: string) => faults.push({ annotation, text, message: `${annotation}: ${why}` });
    const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
    if (container !== undefined && !all.some(({ name }) => name === container))
      fault(`the Pod has no container ${container}`);
    else {
      try {
        parseUsage(text);
      } catch (error) {
        if (!(error instanceof UsageSyntaxError)) throw error;
        fault(`neither a quantity nor a trace, and no expression: ${error.message}`);
      }
    }
  }
  return faults;
}
