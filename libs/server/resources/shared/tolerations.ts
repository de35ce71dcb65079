import {
  invalidValue,
  notSupported,
  validateLabelName,
  validateLabelValue,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { Toleration } from '@drydock/api/core/v1';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const operators = ['Equal', 'Exists'];

/** Which taints of nodes are put up with. */
export function validateTolerations(
  tolerations: readonly Toleration[] | undefined,
  where: FieldPath,
): FieldError[] {
  return (tolerations ?? []).flatMap((toleration, index) => {
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
    const at = where.index(index);
    const errors = key === '' ? [] : validateLabelName(key, at.child('key'));
    if (key === '' && operator !== 'Exists') {
      const detail =
        'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalidValue(at.child('operator'), operator, detail));
    }
    if ((tolerationSeconds ?? undefined) !== undefined && effect !== 'NoExecute') {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(invalidValue(at.child('effect'), effect, detail));
    }
    if (operator === '' || operator === 'Equal') {
      const messages = validateLabelValue(value);
      if (messages.length > 0) errors.push(invalidValue(at.child('operator'), value, messages.join(';')));
    } else if (operator === 'Exists') {
      if (value !== '')
        errors.push(
          invalidValue(at.child('operator'), value, "value must be empty when `operator` is 'Exists'"),
        );
    } else {
      errors.push(notSupported(at.child('operator'), operator, operators));
    }
    if (effect !== '' && !effects.includes(effect))
      errors.push(notSupported(at.child('effect'), effect, effects));
    return errors;
  });
}
