import {
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  type FieldError,
} from '@drydock/base/apimachinery';
import type {
  DefaultPreemptionArgs,
  InterPodAffinityArgs,
  NodeResourcesFitArgs,
  PodTopologySpreadArgs,
} from '../plugins/index.ts';

type Path = FieldPath;
type Check = (path: Path, args: never) => FieldError[];

const inRange = (path: Path, value: number | undefined, low: number, high: number): FieldError[] =>
  value === undefined || (Number.isInteger(value) && value >= low && value <= high)
    ? []
    : [invalidValue(path, value, `not in valid range [${low}-${high}]`)];

function preemption(path: Path, args: DefaultPreemptionArgs): FieldError[] {
  const { minCandidateNodesPercentage: percentage = 10, minCandidateNodesAbsolute: absolute = 100 } = args;
  const errors: FieldError[] = [];
  errors.push(...inRange(path.child('minCandidateNodesPercentage'), percentage, 0, 100));
  if (absolute < 0)
    errors.push(
      invalidValue(path.child('minCandidateNodesAbsolute'), absolute, 'not in valid range [0, inf)'),
    );
  if (percentage === 0 && absolute === 0)
    errors.push(
      invalidValue(
        path.child('minCandidateNodesPercentage'),
        percentage,
        'cannot be zero at the same time as minCandidateNodesAbsolute',
      ),
    );
  return errors;
}

const strategies = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];

function resourcesFit(path: Path, args: NodeResourcesFitArgs): FieldError[] {
  const errors: FieldError[] = [];
  (args.ignoredResourceGroups ?? []).forEach((group, at) => {
    if (group.includes('/'))
      errors.push(
        invalidValue(
          path.child('ignoredResourceGroups').index(at),
          group,
          "resource group name can't contain '/'",
        ),
      );
  });
  const strategy = args.scoringStrategy;
  if (strategy === undefined) return errors;
  const here = path.child('scoringStrategy');
  if (strategy.type !== undefined && !strategies.includes(strategy.type))
    errors.push(notSupported(here.child('type'), strategy.type, strategies));
  (strategy.resources ?? []).forEach(({ weight = 1 }, at) => {
    if (!(weight >= 1 && weight <= 100))
      errors.push(
        invalidValue(
          here.child('resources').index(at).child('weight'),
          weight,
          'resource weight must be in the range [1, 100]',
        ),
      );
  });
  if (strategy.type !== 'RequestedToCapacityRatio') return errors;
  const shape = strategy.requestedToCapacityRatio?.shape ?? [];
  const shapePath = here.child('requestedToCapacityRatio').child('shape');
  if (shape.length === 0) errors.push(required(shapePath, 'at least one point must be specified'));
  shape.forEach(({ utilization, score }, at) => {
    errors.push(...inRange(shapePath.index(at).child('utilization'), utilization, 0, 100));
    errors.push(...inRange(shapePath.index(at).child('score'), score, 0, 10));
    const before = shape[at - 1];
    if (before !== undefined && before.utilization >= utilization)
      errors.push(
        invalidValue(
          shapePath.index(at).child('utilization'),
          utilization,
          'utilization values must be sorted in increasing order',
        ),
      );
  });
  return errors;
}

function topologySpread(path: Path, args: PodTopologySpreadArgs): FieldError[] {
  const errors: FieldError[] = [];
  const { defaultingType = 'System', defaultConstraints = [] } = args;
  if (defaultingType !== 'System' && defaultingType !== 'List')
    errors.push(notSupported(path.child('defaultingType'), defaultingType, ['System', 'List']));
  const here = path.child('defaultConstraints');
  if (defaultingType === 'System' && defaultConstraints.length > 0)
    errors.push(
      invalidValue(
        here,
        defaultConstraints as never,
        'when .defaultingType is System, no constraints can be given',
      ),
    );
  defaultConstraints.forEach((constraint, at) => {
    if (!(constraint.maxSkew > 0))
      errors.push(
        invalidValue(here.index(at).child('maxSkew'), constraint.maxSkew, 'not in valid range (0, inf)'),
      );
    if (!constraint.topologyKey)
      errors.push(required(here.index(at).child('topologyKey'), 'can not be empty'));
    if (!['DoNotSchedule', 'ScheduleAnyway'].includes(constraint.whenUnsatisfiable))
      errors.push(
        notSupported(here.index(at).child('whenUnsatisfiable'), constraint.whenUnsatisfiable, [
          'DoNotSchedule',
          'ScheduleAnyway',
        ]),
      );
    if (constraint.labelSelector !== undefined)
      errors.push(
        forbiddenField(
          here.index(at).child('labelSelector'),
          'constraint must not define a selector, as they deduced for each pod',
        ),
      );
  });
  return errors;
}

const checks: Readonly<Record<string, Check>> = {
  DefaultPreemption: preemption as Check,
  NodeResourcesFit: resourcesFit as Check,
  PodTopologySpread: topologySpread as Check,
  InterPodAffinity: ((path: Path, { hardPodAffinityWeight }: InterPodAffinityArgs) =>
    inRange(path.child('hardPodAffinityWeight'), hardPodAffinityWeight, 0, 100)) as Check,
};

/** What is wrong with the `args` of a plugin's pluginConfig. */
export function validateArgs(
  path: Path,
  plugin: string,
  args: Readonly<Record<string, unknown>>,
): FieldError[] {
  return checks[plugin]?.(path, args as never) ?? [];
}
