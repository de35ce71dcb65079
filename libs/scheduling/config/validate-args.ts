import {
  duplicate,
  fieldPath,
  forbiddenField,
  formatDuration,
  invalidValue,
  isLabelValue,
  notSupported,
  parseDuration,
  required,
  validateLabelName,
  validateLabelValue,
  validateQualifiedName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { NodeSelectorTerm } from '@drydock/api/core/v1';
import type {
  DefaultPreemptionArgs,
  DynamicResourcesArgs,
  InterPodAffinityArgs,
  NodeAffinityArgs,
  NodeResourcesBalancedAllocationArgs,
  NodeResourcesFitArgs,
  PodTopologySpreadArgs,
  VolumeBindingArgs,
} from '../plugins/index.ts';

type Check = (path: FieldPath, args: never) => FieldError[];

function inRange(path: FieldPath, value: number, low: number, high: number): FieldError[] {
  return value >= low && value <= high
    ? []
    : [invalidValue(path, value, `not in valid range [${low}, ${high}]`)];
}

function preemption(path: FieldPath, args: DefaultPreemptionArgs): FieldError[] {
  const { minCandidateNodesPercentage: percentage = 10, minCandidateNodesAbsolute: absolute = 100 } = args;
  const percentagePath = path.child('minCandidateNodesPercentage');
  const absolutePath = path.child('minCandidateNodesAbsolute');
  const errors = inRange(percentagePath, percentage, 0, 100);
  if (absolute < 0) errors.push(invalidValue(absolutePath, absolute, 'not in valid range [0, inf)'));
  if (percentage === 0 && absolute === 0)
    errors.push(
      invalidValue(percentagePath, 0, 'cannot be zero at the same time as minCandidateNodesAbsolute'),
      invalidValue(absolutePath, 0, 'cannot be zero at the same time as minCandidateNodesPercentage'),
    );
  return errors;
}

function podAffinity(path: FieldPath, { hardPodAffinityWeight = 1 }: InterPodAffinityArgs): FieldError[] {
  return inRange(path.child('hardPodAffinityWeight'), hardPodAffinityWeight, 0, 100);
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

function selectorTerm(path: FieldPath, term: NodeSelectorTerm): FieldError[] {
  const errors: FieldError[] = [];
  (term.matchExpressions ?? []).forEach(({ key, operator, values = [] }, at) => {
    const here = path.child('matchExpressions').index(at);
    if (!operators.includes(operator)) {
      errors.push(notSupported(here.child('operator'), operator, operators));
      return;
    }
    const few = (operator === 'In' || operator === 'NotIn') && values.length === 0;
    if (few)
      errors.push(
        invalidValue(here.child('values'), values, "for 'in', 'notin' operators, values set can't be empty"),
      );
    if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
      errors.push(
        invalidValue(here.child('values'), values, 'values set must be empty for exists and does not exist'),
      );
    if ((operator === 'Gt' || operator === 'Lt') && values.length !== 1)
      errors.push(
        invalidValue(here.child('values'), values, "for 'Gt', 'Lt' operators, exactly one value is required"),
      );
    for (const message of validateQualifiedName(key))
      errors.push(invalidValue(here.child('key'), key, message));
    values.forEach((value, index) => {
      if (isLabelValue(value)) return;
      for (const message of validateLabelValue(value))
        errors.push(invalidValue(here.child('values').index(index), value, message));
    });
  });
  return errors;
}

function nodeAffinity(path: FieldPath, { addedAffinity }: NodeAffinityArgs): FieldError[] {
  const here = path.child('addedAffinity');
  const terms = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const requiredPath = here.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms');
  const preferredPath = here.child('preferredDuringSchedulingIgnoredDuringExecution');
  return [
    ...terms.flatMap((term, at) => selectorTerm(requiredPath.index(at), term)),
    ...preferred.flatMap(({ preference }, at) => selectorTerm(preferredPath.index(at), preference)),
  ];
}

function balancedAllocation(path: FieldPath, { resources = [] }: NodeResourcesBalancedAllocationArgs) {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  resources.forEach(({ name, weight }, at) => {
    const here = path.child('resources').index(at);
    if (seen.has(name)) errors.push(duplicate(here.child('name'), name));
    seen.add(name);
    if ((weight || 1) !== 1) errors.push(invalidValue(here.child('weight'), weight, 'must be 1'));
  });
  return errors;
}

type FunctionShape = readonly { readonly utilization: number; readonly score: number }[];

function functionShape(path: FieldPath, shape: FunctionShape): FieldError[] {
  if (shape.length === 0) return [required(path, 'at least one point must be specified')];
  const errors: FieldError[] = [];
  const at = shape.findIndex(
    (point, index) => (shape[index - 1]?.utilization ?? -1) >= point.utilization && index > 0,
  );
  const unsorted = shape[at];
  if (unsorted !== undefined)
    errors.push(
      invalidValue(
        path.index(at).child('utilization'),
        unsorted.utilization,
        'values must be sorted in increasing order',
      ),
    );
  shape.forEach(({ utilization = 0, score = 0 }, index) => {
    errors.push(...inRange(path.index(index).child('utilization'), utilization, 0, 100));
    errors.push(...inRange(path.index(index).child('score'), score, 0, 10));
  });
  return errors;
}

const strategies = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];

function resourcesFit(path: FieldPath, args: NodeResourcesFitArgs): FieldError[] {
  const errors: FieldError[] = [];
  (args.ignoredResources ?? []).forEach((name, at) =>
    errors.push(...validateLabelName(name, path.child('ignoredResources').index(at))),
  );
  (args.ignoredResourceGroups ?? []).forEach((name, at) => {
    const here = path.child('ignoredResourceGroups').index(at);
    if (name.includes('/')) errors.push(invalidValue(here, name, "resource group name can't contain '/'"));
    errors.push(...validateLabelName(name, here));
  });
  const strategy = args.scoringStrategy;
  if (strategy === undefined) return errors;
  const here = path.child('scoringStrategy');
  if (!strategies.includes(strategy.type ?? ''))
    errors.push(notSupported(here.child('type'), strategy.type ?? '', strategies));
  (strategy.resources ?? []).forEach(({ name, weight }, at) => {
    const value = weight || 1;
    if (value < 1 || value > 100)
      errors.push(
        invalidValue(
          here.child('resources').index(at).child('weight'),
          value,
          `resource weight of ${name} not in valid range (0, 100]`,
        ),
      );
  });
  const ratio = strategy.requestedToCapacityRatio;
  const ratioPath = here.child('requestedToCapacityRatio');
  if (strategy.type !== 'RequestedToCapacityRatio') {
    if (ratio !== undefined)
      errors.push(forbiddenField(ratioPath, 'must be nil when type is not RequestedToCapacityRatio'));
  } else if (ratio === undefined)
    errors.push(required(ratioPath, 'must be specified when type is RequestedToCapacityRatio'));
  else errors.push(...functionShape(ratioPath.child('shape'), ratio.shape ?? []));
  return errors;
}

const actions = ['DoNotSchedule', 'ScheduleAnyway'];

function topologySpread(path: FieldPath, args: PodTopologySpreadArgs): FieldError[] {
  const errors: FieldError[] = [];
  const { defaultingType = 'System', defaultConstraints = [] } = args;
  const typePath = path.child('defaultingType');
  if (defaultingType !== 'System' && defaultingType !== 'List')
    errors.push(notSupported(typePath, defaultingType, ['System', 'List']));
  else if (defaultingType === 'System' && defaultConstraints.length > 0)
    errors.push(invalidValue(typePath, defaultingType, 'when .defaultConstraints are not empty'));
  const seen = new Set<string>();
  defaultConstraints.forEach((constraint, at) => {
    const here = path.child('defaultConstraints').index(at);
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '' } = constraint;
    if (maxSkew <= 0)
      errors.push(invalidValue(here.child('maxSkew'), maxSkew, 'not in valid range (0, inf)'));
    if (topologyKey === '') errors.push(required(here.child('topologyKey'), 'can not be empty'));
    else errors.push(...validateLabelName(topologyKey, here.child('topologyKey')));
    if (whenUnsatisfiable === '') errors.push(required(here.child('whenUnsatisfiable'), 'can not be empty'));
    else if (!actions.includes(whenUnsatisfiable))
      errors.push(notSupported(here.child('whenUnsatisfiable'), whenUnsatisfiable, actions));
    if (constraint.labelSelector !== undefined)
      errors.push(
        forbiddenField(
          here.child('labelSelector'),
          'constraint must not define a selector, as they deduced for each pod',
        ),
      );
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.push(duplicate(here, pair));
    seen.add(pair);
  });
  return errors;
}

function volumeBinding(path: FieldPath, args: VolumeBindingArgs & { shape?: unknown }): FieldError[] {
  const errors: FieldError[] = [];
  const { bindTimeoutSeconds = 600, shape } = args;
  if (bindTimeoutSeconds < 0)
    errors.push(
      invalidValue(
        path.child('bindTimeoutSeconds'),
        bindTimeoutSeconds,
        'invalid BindTimeoutSeconds, should not be a negative value',
      ),
    );
  if (shape !== undefined)
    errors.push(
      invalidValue(
        path.child('shape'),
        shape,
        'unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring',
      ),
    );
  return errors;
}

function dynamicResources(path: FieldPath, args: DynamicResourcesArgs): FieldError[] {
  const errors: FieldError[] = [];
  const atLeast = (name: 'filterTimeout' | 'bindingTimeout', leastMs: number, detail: string) => {
    const value = args[name];
    const ms = value === undefined ? leastMs : parseDuration(value);
    if (ms < leastMs) errors.push(invalidValue(path.child(name), formatDuration(ms), detail));
  };
  atLeast('filterTimeout', 0, 'must be zero or positive');
  atLeast('bindingTimeout', 1000, 'must be at least 1 second');
  return errors;
}

const checks: Readonly<Record<string, Check>> = {
  DefaultPreemption: preemption as Check,
  DynamicResources: dynamicResources as Check,
  InterPodAffinity: podAffinity as Check,
  NodeAffinity: nodeAffinity as Check,
  NodeResourcesBalancedAllocation: balancedAllocation as Check,
  PodTopologySpread: topologySpread as Check,
  VolumeBinding: volumeBinding as Check,
};

/** What is wrong with the `args` of a plugin's pluginConfig, as kube-scheduler checks a configuration. */
export function validateArgs(
  path: FieldPath,
  plugin: string,
  args: Readonly<Record<string, unknown>>,
): FieldError[] {
  return checks[plugin]?.(path, args as never) ?? [];
}

/** NodeResourcesFit's are checked when the plugin is made: their paths begin at the args. */
export function validateFitArgs(args: NodeResourcesFitArgs): FieldError[] {
  return resourcesFit(fieldPath(), args);
}
