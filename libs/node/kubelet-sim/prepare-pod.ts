import { claimNameOf, isReservedFor, ownershipProblem } from '@drydock/api/resource-claims';
import type { EventRecorder } from '@drydock/machinery/controller';
import type { Clock } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import {
  missingVariable,
  missingVolumeKey,
  volumeNeeds,
  type ContainerRuntime,
  type PodRuntime,
} from '../pods/index.ts';
import type { ObjectReader } from './object-reader.ts';

export interface PreparePodOptions {
  readonly runtime: PodRuntime;
  readonly objects: ObjectReader;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the Pod is gone. */
  readonly gone: AbortSignal;
  /** Something is there now that was waited for. */
  onProgress(): void;
}

/** What must be there before the containers of a Pod can start. */
export interface PodPreparation {
  /** Sets up the volumes, and then the devices, again and again until all they are made of is there. */
  mount(): Promise<void>;
  /** Looks whether the environment of a container can be made. */
  configure(container: ContainerRuntime): Promise<void>;
  /** Tells which of its pull secrets are missing: a warning, no more. */
  lookForPullSecrets(): Promise<void>;
}

/** As the kubelet retries a mount: half a second, doubling, to about two minutes. */
const firstRetryMs = 500;
const longestRetryMs = 122_000;
/** After a failure of the API server itself. */
const askAgainMs = 1_000;
/** After so long, and then again, it is told that the Pod as a whole does not get on. */
const patienceMs = 123_000;

export function createPodPreparation(options: PreparePodOptions): PodPreparation {
  const { runtime, objects, recorder, clock, logger, gone } = options;
  const namespace = runtime.pod.metadata.namespace ?? '';
  const about = { pod: `${namespace}/${runtime.pod.metadata.name ?? ''}` };

  /** What could not be found out is asked again. */
  async function insist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (err) {
        gone.throwIfAborted();
        logger.warn('could not look for what a pod refers to', { ...about, err });
        await clock.sleep(askAgainMs, gone);
      }
    }
  }

  /** Names of the volumes that are not there yet. */
  let missing: readonly string[] = [];

  async function complain(mounted: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(patienceMs, mounted);
      const what = `Unable to attach or mount volumes: unmounted volumes=[${missing.join(' ')}], unattached volumes=[], failed to process volumes=[]: context deadline exceeded`;
      recorder.event(runtime.pod, 'Warning', 'FailedMount', what);
    }
  }

  async function unmounted(): Promise<boolean> {
    const faults = await Promise.all(
      volumeNeeds(runtime.pod).map(async ({ volume, projected, references }) => {
        // All sources of a projected volume are looked at; elsewhere there is only one.
        const found = projected
          ? await Promise.all(references.map((one) => objects.fault(namespace, [one], missingVolumeKey)))
          : [await objects.fault(namespace, references, missingVolumeKey)];
        const words = found.filter((one) => one !== undefined);
        if (words.length === 0) return undefined;
        return { volume, words: words.length === 1 ? words.join('') : `[${words.join(', ')}]` };
      }),
    );
    const told = faults.filter((fault) => fault !== undefined);
    for (const { volume, words } of told) {
      const what = `MountVolume.SetUp failed for volume "${volume}" : ${words}`;
      if (!gone.aborted) recorder.event(runtime.pod, 'Warning', 'FailedMount', what);
    }
    missing = told.map(({ volume }) => volume).sort();
    return missing.length > 0;
  }

  /** Why the Pod may not use its claims (yet), in a kubelet's words. */
  async function claimFault(): Promise<string | undefined> {
    const { pod } = runtime;
    const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
    const entries = [
      ...(pod.spec?.resourceClaims ?? []).map((entry) => claimNameOf(pod, entry)),
      ...(extended === undefined ? [] : [{ name: extended, owned: true }]),
    ];
    for (const named of entries) {
      if ('problem' in named) return named.problem;
      if (named.name === undefined) continue;
      const { name: claimName, owned } = named;
      const claim = await objects.claim(namespace, claimName);
      if (claim === undefined)
        return `fetch ResourceClaim ${claimName}: resourceclaims.resource.k8s.io "${claimName}" not found`;
      const problem = owned ? ownershipProblem(pod, claim) : undefined;
      if (problem !== undefined) return problem;
      if (!isReservedFor(pod, claim)) {
        const { name = '', uid = '' } = pod.metadata;
        return `pod ${name} (${uid}) is not allowed to use ResourceClaim ${claimName} (${claim.metadata.uid ?? ''})`;
      }
    }
    return undefined;
  }

  async function unprepared(): Promise<boolean> {
    const fault = await claimFault();
    if (fault === undefined) return false;
    const what = `Failed to prepare dynamic resources: prepare dynamic resources: ${fault}`;
    if (!gone.aborted) recorder.event(runtime.pod, 'Warning', 'FailedPrepareDynamicResources', what);
    return true;
  }

  /** Until nothing is missing any more. */
  async function patiently(isMissing: () => Promise<boolean>): Promise<void> {
    for (let waitMs = firstRetryMs; await insist(isMissing); waitMs = Math.min(longestRetryMs, waitMs * 2))
      await clock.sleep(waitMs, gone);
  }

  return {
    async mount() {
      const mounted = new AbortController();
      complain(AbortSignal.any([mounted.signal, gone])).catch(() => undefined);
      try {
        await patiently(unmounted);
      } finally {
        mounted.abort();
      }
      await patiently(unprepared);
      if (gone.aborted) return;
      runtime.mounted = true;
      options.onProgress();
    },
    async configure(container) {
      const fault = await insist(() =>
        objects.fault(namespace, container.needs, (reference, key) =>
          missingVariable(reference, key, namespace),
        ),
      );
      if (gone.aborted || container.configuration !== 'asked') return;
      container.configuration = fault === undefined ? 'complete' : { fault };
      options.onProgress();
    },
    async lookForPullSecrets() {
      const names = (runtime.pod.spec?.imagePullSecrets ?? []).map(({ name = '' }) => name);
      const absent = await insist(async () => {
        const found = await Promise.all(
          names.map((name) => objects.keys(namespace, { kind: 'Secret', name })),
        );
        return names.filter((_, at) => found[at] === undefined);
      });
      if (absent.length === 0 || gone.aborted) return;
      const what = `Unable to retrieve some image pull secrets (${absent.join(', ')}); attempting to pull the image may not succeed.`;
      recorder.event(runtime.pod, 'Warning', 'FailedToRetrieveImagePullSecret', what);
    },
  };
}
