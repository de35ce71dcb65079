import type { ResourceDefinition } from '../registry/types.ts';
import type { Admission, AdmissionChain, AdmissionPlugin, AdmissionRequest, Operation } from './types.ts';

type Phase = (request: AdmissionRequest) => void | Promise<void>;

/** Runs phases one after another; only goes asynchronous when one of them does. */
function inSequence(phases: readonly Phase[]): Phase {
  const first = phases[0];
  if (first === undefined) return () => undefined;
  if (phases.length === 1) return first;
  const from = (start: number, request: AdmissionRequest): void | Promise<void> => {
    for (let index = start; index < phases.length; index++) {
      const pending = phases[index]!(request);
      if (pending !== undefined) return pending.then(() => from(index + 1, request));
    }
  };
  return (request) => from(0, request);
}

/**
 * Runs the plugins that change the object; once more where one of those that do so at their will changed it, so that the
 * others see what became of it (Kubernetes' reinvocation). Then those that settle what is left open.
 */
function inRounds(plugins: readonly AdmissionPlugin[]): Phase {
  const phasesOf = (settling: boolean): Phase[] =>
    plugins.flatMap((plugin) =>
      plugin.admit !== undefined && (plugin.settles === true) === settling ? [plugin.admit.bind(plugin)] : [],
    );
  const round = inSequence(phasesOf(false));
  const again: Phase = (request) => {
    if (request.reinvocation?.begin() === true) return round(request);
  };
  return inSequence([round, again, ...phasesOf(true)]);
}

/** Puts plugins in a row. Who takes part in what is worked out once. */
export function createAdmission(plugins: readonly AdmissionPlugin[]): Admission {
  const known = new WeakMap<ResourceDefinition, Map<string, AdmissionChain | undefined>>();
  return {
    chain(definition: ResourceDefinition, subresource: string, operation: Operation) {
      let chains = known.get(definition);
      if (chains === undefined) known.set(definition, (chains = new Map()));
      const key = `${operation}/${subresource}`;
      if (chains.has(key)) return chains.get(key);
      const part = plugins.filter(
        (plugin) =>
          (operation !== 'CONNECT' || plugin.connects === true) &&
          plugin.handles(definition, subresource, operation),
      );
      const chain: AdmissionChain | undefined =
        part.length === 0
          ? undefined
          : {
              admit: inRounds(part),
              validate: inSequence(
                part.flatMap((plugin) => (plugin.validate ? [plugin.validate.bind(plugin)] : [])),
              ),
            };
      chains.set(key, chain);
      return chain;
    },
  };
}
