import { failure, type CycleState, type NodeInfo, type PodInfo, type Status } from '../framework/index.ts';
import type { Extender } from '../extender/index.ts';
import type { Profile } from '../profile/index.ts';
import type { WaitingPods } from './waiting-pods.ts';

/** What the cycle of one Pod needs after its node is chosen. */
export interface Placement {
  readonly profile: Profile;
  readonly state: CycleState;
  readonly pod: PodInfo;
  readonly node: NodeInfo;
  /** Binds in place of the bind plugins. */
  readonly binder?: Extender | undefined;
}

/** An error is told with who had it and where; a refusal speaks for itself. */
function of(point: string, plugin: string, status: Status): Status {
  if (status.code !== 'Error') return { ...status, plugin };
  const reasons = [`running ${point} plugin ${JSON.stringify(plugin)}: ${status.reasons.join(', ')}`];
  return { ...status, reasons, plugin };
}

/** Reserve plugins, in order; on a refusal all reservations are taken back. */
export function reserve(placement: Placement): Status | undefined {
  const { profile, state, pod, node } = placement;
  for (const { plugin } of profile.points.reserve) {
    const status = plugin.reserve?.(state, pod, node);
    if (status === undefined) continue;
    unreserve(placement);
    return of('Reserve', plugin.name, status);
  }
  return undefined;
}

/** In reverse order; harmless without a reservation. */
export function unreserve({ profile, state, pod, node }: Placement): void {
  for (const { plugin } of [...profile.points.reserve].reverse()) plugin.unreserve?.(state, pod, node);
}

/** Permit plugins: a refusal, undefined, or how long each plugin that says Wait holds the Pod back at most. */
export function permit({
  profile,
  state,
  pod,
  node,
}: Placement): Status | ReadonlyMap<string, number> | undefined {
  let waits: Map<string, number> | undefined;
  for (const { plugin } of profile.points.permit) {
    const answer = plugin.permit?.(state, pod, node);
    if (answer === undefined) continue;
    if (answer.status.code !== 'Wait') return of('Permit', plugin.name, answer.status);
    (waits ??= new Map()).set(plugin.name, answer.timeoutMs ?? 0);
  }
  return waits;
}

/** What the way to the binding tells others. */
export interface BindingCycleDeps {
  readonly waiting: WaitingPods;
  /** The way is long: the Pod is promised its node, so that others see where it goes. */
  readonly promise: (pod: PodInfo, nodeName: string) => Promise<void>;
  /** Nothing refuses the Pod any more: what goes wrong now is an error. */
  readonly settled: (pod: PodInfo) => void;
}

/** From the permit to the binding; undefined when the Pod is bound. */
export async function bindingCycle(
  { profile, state, pod, node, binder }: Placement,
  waits: ReadonlyMap<string, number> | undefined,
  { waiting, promise, settled }: BindingCycleDeps,
): Promise<Status | undefined> {
  const isLong =
    waits !== undefined ||
    profile.points.preBind.some(({ plugin }) => plugin.preBindWaits?.(state, pod, node) === true);
  const promised = isLong ? promise(pod, node.name) : undefined;
  if (waits !== undefined) {
    const refused = await waiting.wait(pod.key, node.name, waits);
    if (refused !== undefined) return refused;
  }
  await promised;
  settled(pod);
  for (const { plugin } of profile.points.preBind) {
    const status = await plugin.preBind?.(state, pod, node);
    if (status !== undefined) return of('PreBind', plugin.name, status);
  }
  const bound = () => {
    for (const { plugin: after } of profile.points.postBind) after.postBind?.(state, pod, node.name);
    return undefined;
  };
  if (binder?.bind !== undefined) {
    try {
      await binder.bind(pod, node.name);
      return bound();
    } catch (error) {
      if (!binder.ignorable) return failure(error instanceof Error ? error.message : String(error));
    }
  }
  for (const { plugin } of profile.points.bind) {
    const status = await plugin.bind?.(state, pod, node.name);
    if (status?.code === 'Skip') continue;
    if (status !== undefined) return of('Bind', plugin.name, status);
    return bound();
  }
  return failure('all bind plugins skipped');
}
