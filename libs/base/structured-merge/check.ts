import { getOwn, isJsonObject } from '../apimachinery/index.ts';
import type { LeafType, MergeType } from './merge-type.ts';

/**
 * Why a configuration cannot be applied: fields that are not declared, elements that cannot be told apart, lists and
 * maps in each other's place. One line each, as Kubernetes words it; empty when all is well.
 */
export function configurationErrors(value: unknown, type: MergeType, path = ''): string[] {
  if (value === null || value === undefined) return [];
  if (type.kind === 'map') {
    if (!isJsonObject(value)) return [`${path}: expected map, got &{${String(value)}}`];
    const errors: string[] = [];
    for (const key of Object.keys(value)) {
      const where = `${path}.${key}`;
      const field = type.field(key) ?? type.element;
      if (field === undefined) errors.push(`${where}: field not declared in schema`);
      else errors.push(...configurationErrors(getOwn(value, key), field, where));
    }
    return errors;
  }
  if (type.kind === 'list') {
    if (!Array.isArray(value)) return [`${path}: expected list, got &{${String(value)}}`];
    const errors: string[] = [];
    const seen = new Set<string>();
    value.forEach((item: unknown, index) => {
      try {
        const step = type.step(item);
        const shown = stepText(step);
        if (seen.has(step)) errors.push(`${path}: duplicate entries for key ${shown}`);
        seen.add(step);
        errors.push(...configurationErrors(item, type.element, `${path}${shown}`));
      } catch (error) {
        errors.push(`${path}: element ${index}: ${(error as Error).message}`);
      }
    });
    return errors;
  }
  return type.kind === 'leaf' ? scalarErrors(value, type, path) : [];
}

function scalarErrors(value: unknown, { scalar }: LeafType, path: string): string[] {
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' ? [] : [`${path}: expected numeric (int or float), got &{${shown}}`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: expected boolean, got &{${shown}}`];
    case 'string':
      return typeof value === 'string'
        ? []
        : [`${path}: expected string, got &value.valueUnstructured{Value:${shown}}`];
    default:
      return [];
  }
}

/** A step as people read it: `.name`, `[name="a"]`, `[="x"]`, `[3]`. */
export function stepText(step: string): string {
  const body = step.slice(2);
  switch (step.slice(0, 2)) {
    case 'f:':
      return `.${body}`;
    case 'k:': {
      const keys = JSON.parse(body) as Record<string, unknown>;
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`;
    }
    case 'v:':
      return `[=${body}]`;
    default:
      return `[${body}]`;
  }
}

/** A path as people read it: `.spec.containers[name="a"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(stepText).join('');
}
