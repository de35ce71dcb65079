import {
  quantityFromMilli,
  parseQuantity,
  selectorFromLabelSelector,
  type LabelSelector,
} from '@drydock/base/apimachinery';
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from '@drydock/api/autoscaling/v2';
import type { Pod } from '@drydock/api/core/v1';
import type { Fault } from './metrics.ts';
import type { MetricsClient } from './metrics-client.ts';
import type { ReadinessRules } from './pod-groups.ts';
import {
  averageReplicas,
  sharedValueReplicas,
  utilizationReplicas,
  valueReplicas,
  type Proposal,
} from './replica-calculator.ts';
import type { Tolerances } from './tolerances.ts';

export interface MetricInput {
  readonly hpa: HorizontalPodAutoscaler;
  readonly specReplicas: number;
  readonly statusReplicas: number;
  /** The target's selector, as text. */
  readonly selector: string;
  readonly pods: readonly Pod[];
  readonly tolerances: Tolerances;
  readonly readiness: ReadinessRules;
  readonly nowMs: number;
}

/** A metric that could not be evaluated, with what the condition and the event say of it. */
export class MetricError extends Error {
  readonly reason: string;
  /** What went wrong, as event and condition tell it; `message` has more around it. */
  readonly inner: string;
  readonly fault: Fault;
  constructor(reason: string, inner: string, message: string, fault: Fault = 'internal') {
    super(message);
    this.reason = reason;
    this.inner = inner;
    this.fault = fault;
  }
}

export interface MetricOutcome extends Proposal {
  /** How the metric is called in the reason of a rescale. */
  readonly name: string;
  readonly status: MetricStatus;
}

const milli = (quantity: string) => parseQuantity(quantity).milliValue();
const quantity = (value: number) => quantityFromMilli(Math.trunc(value)).toString();
const text = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** As Go prints a pointer to a label selector. */
export function goSelector(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
    .join('');
  const expressions = (selector.matchExpressions ?? [])
    .map(
      ({ key, operator, values }) =>
        `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${(values ?? []).join(' ')}],},`,
    )
    .join('');
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}

async function resourceMetric(client: MetricsClient, input: MetricInput, spec: MetricSpec) {
  const inContainer = spec.type === 'ContainerResource';
  const container = inContainer ? spec.containerResource?.container : undefined;
  const source = (inContainer ? spec.containerResource : spec.resource) ?? { name: '', target: { type: '' } };
  const { name: resource, target } = source;
  const { specReplicas: currentReplicas, selector, hpa } = input;
  const read = async () => {
    try {
      return await client.resource({
        namespace: hpa.metadata.namespace ?? '',
        selector,
        resource,
        ...(container === undefined ? {} : { container }),
      });
    } catch (error) {
      throw new Error(`unable to get metrics for resource ${resource}: ${text(error)}`, { cause: error });
    }
  };
  const status = (current: Record<string, unknown>): MetricStatus =>
    inContainer
      ? { type: spec.type, containerResource: { name: resource, container: container ?? '', current } }
      : { type: spec.type, resource: { name: resource, current } };
  const shared = { ...input, currentReplicas, resource, ...(container === undefined ? {} : { container }) };
  if (target.averageValue !== undefined) {
    try {
      const proposal = averageReplicas({
        ...shared,
        metrics: await read(),
        target: milli(target.averageValue),
      });
      return {
        ...proposal,
        name: `${resource} resource`,
        status: status({ averageValue: quantity(proposal.current) }),
      };
    } catch (error) {
      throw new Error(`failed to get ${resource} usage: ${text(error)}`, { cause: error });
    }
  }
  if (target.averageUtilization === undefined) {
    throw new Error(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    );
  }
  try {
    const proposal = utilizationReplicas({
      ...shared,
      metrics: await read(),
      target: target.averageUtilization,
    });
    return {
      ...proposal,
      name: `${resource} ${inContainer ? 'container resource' : 'resource'} utilization (percentage of request)`,
      status: status({
        averageUtilization: proposal.current,
        averageValue: quantity(proposal.average ?? 0),
      }),
    };
  } catch (error) {
    throw new Error(`failed to get ${resource} utilization: ${text(error)}`, { cause: error });
  }
}

async function podsMetric(client: MetricsClient, input: MetricInput, spec: MetricSpec) {
  const { metric, target } = spec.pods ?? { metric: { name: '' }, target: { type: '' } };
  selectorFromLabelSelector(metric.selector);
  const metrics = await client
    .pods({
      namespace: input.hpa.metadata.namespace ?? '',
      selector: input.selector,
      metric: metric.name,
      ...(metric.selector && { metricSelector: metric.selector }),
    })
    .catch((error: unknown) => {
      throw new Error(`unable to get metric ${metric.name}: ${text(error)}`, { cause: error });
    });
  const proposal = averageReplicas({
    ...input,
    currentReplicas: input.specReplicas,
    metrics,
    resource: '',
    target: milli(target.averageValue ?? '0'),
  });
  return {
    ...proposal,
    name: `pods metric ${metric.name}`,
    status: { type: spec.type, pods: { metric, current: { averageValue: quantity(proposal.current) } } },
  };
}

async function objectMetric(client: MetricsClient, input: MetricInput, spec: MetricSpec) {
  const { object } = spec;
  if (object === undefined) throw new Error('invalid object metric source: no object was set');
  const { metric, target, describedObject } = object;
  selectorFromLabelSelector(metric.selector);
  const namespace = input.hpa.metadata.namespace ?? '';
  const read = () =>
    client
      .object({
        namespace,
        described: describedObject,
        metric: metric.name,
        ...(metric.selector && { metricSelector: metric.selector }),
      })
      .catch((error: unknown) => {
        const place = `${describedObject.kind} ${namespace}/${describedObject.name}`;
        throw new Error(`unable to get metric ${metric.name}: ${text(error)} on ${place}`, { cause: error });
      });
  const status = (current: Record<string, string>): MetricStatus => ({
    type: spec.type,
    object: { metric, describedObject, current },
  });
  if (target.type === 'Value' && target.value !== undefined) {
    const proposal = valueReplicas({
      ...input,
      currentReplicas: input.specReplicas,
      value: await read(),
      target: milli(target.value),
    });
    return {
      ...proposal,
      name: `${describedObject.kind} metric ${metric.name}`,
      status: status({ value: quantity(proposal.current) }),
    };
  }
  if (target.type === 'AverageValue' && target.averageValue !== undefined) {
    try {
      const proposal = sharedValueReplicas({
        ...input,
        value: await read(),
        target: milli(target.averageValue),
      });
      return {
        ...proposal,
        name: `external metric ${metric.name}(${goSelector(metric.selector)})`,
        status: status({ averageValue: quantity(proposal.current) }),
      };
    } catch (error) {
      throw new Error(`failed to get ${metric.name} object metric: ${text(error)}`, { cause: error });
    }
  }
  throw new Error('invalid object metric source: neither a value target nor an average value target was set');
}

async function externalMetric(client: MetricsClient, input: MetricInput, spec: MetricSpec) {
  const { metric, target } = spec.external ?? { metric: { name: '' }, target: { type: '' } };
  const namespace = input.hpa.metadata.namespace ?? '';
  const named = goSelector(metric.selector);
  const name = `external metric ${metric.name}(${named})`;
  const read = async () => {
    selectorFromLabelSelector(metric.selector);
    try {
      const values = await client.external({
        namespace,
        metric: metric.name,
        ...(metric.selector && { metricSelector: metric.selector }),
      });
      return values.reduce((sum, value) => sum + value, 0);
    } catch (error) {
      throw new Error(`unable to get external metric ${namespace}/${metric.name}/${named}: ${text(error)}`, {
        cause: error,
      });
    }
  };
  const status = (current: Record<string, string>): MetricStatus => ({
    type: spec.type,
    external: { metric, current },
  });
  if (target.averageValue !== undefined) {
    try {
      const proposal = sharedValueReplicas({
        ...input,
        value: await read(),
        target: milli(target.averageValue),
      });
      return { ...proposal, name, status: status({ averageValue: quantity(proposal.current) }) };
    } catch (error) {
      throw new Error(`failed to get ${metric.name} external metric: ${text(error)}`, { cause: error });
    }
  }
  if (target.value !== undefined) {
    try {
      const proposal = valueReplicas({
        ...input,
        currentReplicas: input.specReplicas,
        value: await read(),
        target: milli(target.value),
      });
      return { ...proposal, name, status: status({ value: quantity(proposal.current) }) };
    } catch (error) {
      throw new Error(`failed to get external metric ${metric.name}: ${text(error)}`, { cause: error });
    }
  }
  throw new Error(
    'invalid external metric source: neither a value target nor an average value target was set',
  );
}

/** What a metric is called where it has no outcome that has a name. */
export function metricLabel({
  type,
  resource,
  containerResource,
  pods,
  object,
  external,
}: MetricSpec): string {
  if (resource) return `${resource.name} resource`;
  if (containerResource)
    return `${containerResource.name} resource of container ${containerResource.container}`;
  if (pods) return `pods metric ${pods.metric.name}`;
  if (object)
    return `${object.describedObject.kind} metric ${object.metric.name} of ${object.describedObject.name}`;
  if (external) return `external metric ${external.metric.name}`;
  return type;
}

interface Kind {
  readonly reason: string;
  /** What stands before the failure in the error of the whole. */
  readonly prefix: (spec: MetricSpec) => string;
  readonly evaluate: (client: MetricsClient, input: MetricInput, spec: MetricSpec) => Promise<MetricOutcome>;
}

const kinds: Readonly<Record<string, Kind>> = {
  Resource: {
    reason: 'FailedGetResourceMetric',
    prefix: ({ resource }) => `failed to get ${resource?.name ?? ''} resource metric value`,
    evaluate: resourceMetric,
  },
  ContainerResource: {
    reason: 'FailedGetContainerResourceMetric',
    prefix: ({ containerResource }) =>
      `failed to get ${containerResource?.container ?? ''} container metric value`,
    evaluate: resourceMetric,
  },
  Pods: {
    reason: 'FailedGetPodsMetric',
    prefix: () => 'failed to get pods metric value',
    evaluate: podsMetric,
  },
  Object: {
    reason: 'FailedGetObjectMetric',
    prefix: () => 'failed to get object metric value',
    evaluate: objectMetric,
  },
  External: {
    reason: 'FailedGetExternalMetric',
    prefix: ({ external }) => `failed to get ${external?.metric.name ?? ''} external metric value`,
    evaluate: externalMetric,
  },
};

/** What one metric asks for. @throws MetricError */
export async function evaluateMetric(
  client: MetricsClient,
  input: MetricInput,
  spec: MetricSpec,
): Promise<MetricOutcome> {
  const kind = Object.hasOwn(kinds, spec.type) ? kinds[spec.type] : undefined;
  if (kind === undefined) {
    const message = `unknown metric source type ${JSON.stringify(spec.type)}`;
    throw new MetricError('InvalidMetricSourceType', message, message, 'spec');
  }
  try {
    return await kind.evaluate(client, input, spec);
  } catch (error) {
    throw new MetricError(kind.reason, text(error), `${kind.prefix(spec)}: ${text(error)}`);
  }
}
