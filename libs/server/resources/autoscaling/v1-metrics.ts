import type * as v1 from '@drydock/api/autoscaling/v1';
import type * as v2 from '@drydock/api/autoscaling/v2';

/** A copy without absent fields, as JSON has it. */
function compact<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

function resourceTarget(utilization: number | undefined, value: string | undefined): v2.MetricTarget {
  return compact({
    type: utilization === undefined ? 'AverageValue' : 'Utilization',
    averageUtilization: utilization,
    averageValue: value,
  });
}

/** A metric of the form that autoscaling/v1 keeps in an annotation, in today's form. */
export function metricFromV1({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: v1.MetricSpec): v2.MetricSpec {
  const metric: v2.MetricSpec = { type };
  if (object !== undefined) {
    metric.object = {
      describedObject: object.target,
      metric: compact({ name: object.metricName, selector: object.selector }),
      target: compact({
        type: object.averageValue === undefined ? 'Value' : 'AverageValue',
        value: object.averageValue === undefined ? object.targetValue : undefined,
        averageValue: object.averageValue,
      }),
    };
  }
  if (pods !== undefined) {
    metric.pods = {
      metric: compact({ name: pods.metricName, selector: pods.selector }),
      target: { type: 'AverageValue', averageValue: pods.targetAverageValue },
    };
  }
  if (resource !== undefined) {
    const { name, targetAverageUtilization, targetAverageValue } = resource;
    metric.resource = { name, target: resourceTarget(targetAverageUtilization, targetAverageValue) };
  }
  if (containerResource !== undefined) {
    const { name, container, targetAverageUtilization, targetAverageValue } = containerResource;
    metric.containerResource = {
      name,
      container,
      target: resourceTarget(targetAverageUtilization, targetAverageValue),
    };
  }
  if (external !== undefined) {
    metric.external = {
      metric: compact({ name: external.metricName, selector: external.metricSelector }),
      target: compact({
        type: external.targetValue === undefined ? 'AverageValue' : 'Value',
        value: external.targetValue,
        averageValue: external.targetAverageValue,
      }),
    };
  }
  return metric;
}

/** The reverse of `metricFromV1`. */
export function metricToV1({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: v2.MetricSpec): v1.MetricSpec {
  const metric: v1.MetricSpec = { type };
  if (object !== undefined) {
    metric.object = compact({
      target: object.describedObject,
      metricName: object.metric.name,
      targetValue: object.target.value ?? '0',
      selector: object.metric.selector,
      averageValue: object.target.averageValue,
    });
  }
  if (pods !== undefined) {
    metric.pods = compact({
      metricName: pods.metric.name,
      targetAverageValue: pods.target.averageValue ?? '0',
      selector: pods.metric.selector,
    });
  }
  if (resource !== undefined) {
    metric.resource = compact({
      name: resource.name,
      targetAverageUtilization: resource.target.averageUtilization,
      targetAverageValue: resource.target.averageValue,
    });
  }
  if (containerResource !== undefined) {
    metric.containerResource = compact({
      name: containerResource.name,
      targetAverageUtilization: containerResource.target.averageUtilization,
      targetAverageValue: containerResource.target.averageValue,
      container: containerResource.container,
    });
  }
  if (external !== undefined) {
    metric.external = compact({
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      targetValue: external.target.value,
      targetAverageValue: external.target.averageValue,
    });
  }
  return metric;
}

/** A measured metric of the form that autoscaling/v1 keeps in an annotation, in today's form. */
export function statusFromV1({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: v1.MetricStatus): v2.MetricStatus {
  const status: v2.MetricStatus = { type };
  if (object !== undefined) {
    status.object = {
      describedObject: object.target,
      metric: compact({ name: object.metricName, selector: object.selector }),
      current: compact({ value: object.currentValue, averageValue: object.averageValue }),
    };
  }
  if (pods !== undefined) {
    status.pods = {
      metric: compact({ name: pods.metricName, selector: pods.selector }),
      current: { averageValue: pods.currentAverageValue },
    };
  }
  const current = (source: {
    currentAverageUtilization?: number;
    currentAverageValue: string;
  }): v2.MetricValueStatus =>
    compact({
      averageUtilization: source.currentAverageUtilization,
      averageValue: source.currentAverageValue,
    });
  if (resource !== undefined) status.resource = { name: resource.name, current: current(resource) };
  if (containerResource !== undefined) {
    const { name, container } = containerResource;
    status.containerResource = { name, container, current: current(containerResource) };
  }
  if (external !== undefined) {
    status.external = {
      metric: compact({ name: external.metricName, selector: external.metricSelector }),
      current: compact({ value: external.currentValue, averageValue: external.currentAverageValue }),
    };
  }
  return status;
}

/** The reverse of `statusFromV1`. */
export function statusToV1({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: v2.MetricStatus): v1.MetricStatus {
  const status: v1.MetricStatus = { type };
  if (object !== undefined) {
    status.object = compact({
      target: object.describedObject,
      metricName: object.metric.name,
      currentValue: object.current.value ?? '0',
      selector: object.metric.selector,
      averageValue: object.current.averageValue,
    });
  }
  if (pods !== undefined) {
    status.pods = compact({
      metricName: pods.metric.name,
      currentAverageValue: pods.current.averageValue ?? '0',
      selector: pods.metric.selector,
    });
  }
  const values = (
    current: v2.MetricValueStatus,
  ): { currentAverageUtilization?: number; currentAverageValue: string } =>
    compact({
      currentAverageUtilization: current.averageUtilization,
      currentAverageValue: current.averageValue ?? '0',
    });
  if (resource !== undefined) status.resource = { name: resource.name, ...values(resource.current) };
  if (containerResource !== undefined) {
    const { name, container, current } = containerResource;
    status.containerResource = { name, ...values(current), container };
  }
  if (external !== undefined) {
    status.external = compact({
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      currentValue: external.current.value ?? '0',
      currentAverageValue: external.current.averageValue,
    });
  }
  return status;
}
