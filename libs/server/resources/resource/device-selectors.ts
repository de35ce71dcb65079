import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { byteLength, invalidValue, required, tooLong } from '@drydock/base/apimachinery';
import type { DeviceSelector, OpaqueDeviceConfiguration } from '@drydock/api/resource/v1';
import { deviceSelectorProblem } from '../../device-selectors/index.ts';
import { driverErrors, itemsErrors, opaqueErrors } from './checks.ts';

const maxSelectors = 32;
const maxExpressionBytes = 10 * 1024;
const maxParameterBytes = 10 * 1024;
function expressionErrors(expression: string, where: FieldPath): FieldError[] {
  if (byteLength(expression) > maxExpressionBytes) return [tooLong(where, maxExpressionBytes)];
  const problem = deviceSelectorProblem(expression);
  return problem === undefined ? [] : [invalidValue(where, expression, problem)];
}

/** Expressions that say which devices will do. */
export function selectorsErrors(
  selectors: readonly DeviceSelector[] | undefined,
  where: FieldPath,
): FieldError[] {
  return itemsErrors(selectors, maxSelectors, where, ({ cel }, at) =>
    cel === undefined
      ? [required(at.child('cel'))]
      : expressionErrors(cel.expression ?? '', at.child('cel', 'expression')),
  );
}

/** Configuration for a driver, of which there must be some. */
export function configurationErrors(
  { opaque }: { readonly opaque?: OpaqueDeviceConfiguration },
  where: FieldPath,
): FieldError[] {
  const at = where.child('opaque');
  if (opaque === undefined) return [required(at)];
  return [
    ...driverErrors(opaque.driver, at.child('driver')),
    ...opaqueErrors(opaque.parameters, maxParameterBytes, at.child('parameters')),
  ];
}
