import { canonicalQuantity } from '@drydock/base/apimachinery';
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '@drydock/api/autoscaling/v2';

/** How many metrics a cell shows before it counts the rest. */
const shownMetrics = 2;
const unknown = '<unknown>';

function quantityText(value: string | undefined, absent: string): string {
  return value === undefined ? absent : canonicalQuantity(value);
}

/** Of a metric that has a value for the whole target, or one for each Pod. */
function valueText(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) {
    return `${quantityText(current?.averageValue, unknown)}/${canonicalQuantity(target.averageValue)} (avg)`;
  }
  const now = current === undefined ? unknown : quantityText(current.value, '<nil>');
  return `${now}/${quantityText(target.value, '<nil>')}`;
}

/** Of a metric that has a raw value or a share of what the Pods request. */
function resourceText(name: string, target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) {
    const now = current === undefined ? unknown : quantityText(current.averageValue, '<nil>');
    return `${name}: ${now}/${canonicalQuantity(target.averageValue)}`;
  }
  const now = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`;
  const wanted = target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`;
  return `${name}: ${now}/${wanted}`;
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  const { external, pods, object, resource, containerResource } = spec;
  if (spec.type === 'External' && external !== undefined)
    return valueText(external.target, status?.external?.current);
  if (spec.type === 'Object' && object !== undefined)
    return valueText(object.target, status?.object?.current);
  if (spec.type === 'Pods' && pods !== undefined) {
    const now =
      status?.pods === undefined ? unknown : quantityText(status.pods.current?.averageValue, '<nil>');
    return `${now}/${quantityText(pods.target.averageValue, '<nil>')}`;
  }
  if (spec.type === 'Resource' && resource !== undefined) {
    return resourceText(resource.name, resource.target, status?.resource?.current);
  }
  if (spec.type === 'ContainerResource' && containerResource !== undefined) {
    return resourceText(containerResource.name, containerResource.target, status?.containerResource?.current);
  }
  return '<unknown type>';
}

/** Current against wanted values, as an autoscaler's table shows them: `cpu: 20%/80%`. */
export function targetsText(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>';
  const texts = specs.map((spec, index) => metricText(spec, statuses[index]));
  const shown = texts.slice(0, shownMetrics).join(', ');
  return texts.length > shownMetrics ? `${shown} + ${texts.length - shownMetrics} more...` : shown;
}
