export { ApiError, TerminalError, fromStatus, isFailureStatus, isTerminal } from './api-error.ts';
export {
  alreadyExists,
  applyConflict,
  badRequest,
  conflict,
  expired,
  forbidden,
  formatGroupKind,
  formatGroupResource,
  generateNameConflict,
  gone,
  internalError,
  invalid,
  methodNotAllowed,
  methodNotSupported,
  notAcceptable,
  notConvertible,
  notFound,
  optimisticLockMessage,
  pathNotFound,
  requestEntityTooLarge,
  serverTimeout,
  serviceUnavailable,
  timeout,
  toApiError,
  tooManyRequests,
  unauthorized,
  unclassified,
  unprocessable,
  unsupportedMediaType,
} from './api-error-constructors.ts';
export {
  isAlreadyExists,
  isBadRequest,
  isConflict,
  isExpired,
  isForbidden,
  isInternalError,
  isInvalid,
  isMethodNotSupported,
  isNotAcceptable,
  isNotFound,
  isRequestEntityTooLarge,
  isServerTimeout,
  isServiceUnavailable,
  isTimeout,
  isTooManyRequests,
  isUnauthorized,
  isUnsupportedMediaType,
  reasonOf,
} from './api-error-predicates.ts';
export {
  DurationSyntaxError,
  formatDuration,
  humanDuration,
  parseDuration,
  shortHumanDuration,
} from './duration.ts';
export {
  duplicate,
  fieldErrorBody,
  forbiddenField,
  formatFieldError,
  formatFieldErrors,
  internalField,
  invalidValue,
  notFoundField,
  notSupported,
  required,
  tooFew,
  tooLong,
  tooMany,
  tooShort,
  typeInvalid,
} from './field-error.ts';
export type { FieldError, FieldErrorType } from './field-error.ts';
export { FieldPath, fieldPath } from './field-path.ts';
export {
  FieldSelectorSyntaxError,
  compileFieldSelector,
  escapeFieldValue,
  parseFieldSelector,
  parseFieldSelectorParameter,
} from './field-selector.ts';
export type { FieldMatcher, FieldRequirement } from './field-selector.ts';
export {
  FieldSetBuilder,
  decodeFieldsV1,
  emptyFieldSet,
  encodeFieldsV1,
  equalFieldSets,
  fieldPaths,
  fieldSetBelow,
  fieldSetOfEntries,
  fieldSetFromPaths,
  fieldSetLeaves,
  fieldStep,
  hasFieldPath,
  indexStep,
  intersectFieldSets,
  isEmptyFieldSet,
  keyStep,
  subtractFieldSets,
  subtractFieldSetsDeep,
  unionFieldSets,
  valueStep,
} from './field-set.ts';
export type { FieldSet, PathStep } from './field-set.ts';
export { byteLength, goJson, goQuote, goValue } from './go-format.ts';
export {
  canonicalIp,
  cidrContains,
  cidrSize,
  cidrsOverlap,
  dropLeadingZeros,
  formatCidr,
  formatIp,
  ipAt,
  ipOffset,
  isCidr,
  isIp,
  isIpv6,
  parseCidr,
  parseIp,
  subnetAt,
  validateCidr,
  validateIp,
} from './ip.ts';
export type { Cidr, IpAddress } from './ip.ts';
export { applyJsonPatch, JsonPatchMismatch, maxJsonPatchOperations } from './json-patch.ts';
export { scanJson } from './json-scan.ts';
export type { JsonScan } from './json-scan.ts';
export { JsonSyntaxError, jsonSyntaxError, maxJsonDepth, parseJson } from './json-syntax.ts';
export { JsonPathSyntaxError, compileJsonPath } from './json-path.ts';
export type { JsonPath } from './json-path.ts';
export {
  canonicalJson,
  cloneJson,
  deepEqual,
  getOwn,
  getPath,
  isJsonObject,
  semanticEqual,
  setOwn,
  setPath,
} from './json-value.ts';
export type { JsonValue } from './json-value.ts';
export { compileSelector, everything, formatSelector, nothing, selectorFromSet } from './label-selector.ts';
export type { LabelMatcher, LabelSet, SelectorOperator, SelectorRequirement } from './label-selector.ts';
export {
  formatLabelSelector,
  isEmptyLabelSelector,
  matches,
  selectorFromLabelSelector,
  validateLabelName,
  validateLabelSelector,
  validateLabels,
} from './label-selector-object.ts';
export {
  SelectorSyntaxError,
  newRequirement,
  parseSelector,
  parseSelectorParameter,
  validateRequirement,
} from './label-selector-parser.ts';
export { applyMergePatch, createMergePatch } from './merge-patch.ts';
export {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isPathSegment,
  isPortName,
  isQualifiedName,
  maskTrailingDash,
  rangeMessage,
  regexMessage,
  validateCIdentifier,
  validateConfigMapKey,
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateEnvVarName,
  validateHttpHeaderName,
  validateInRange,
  validateLabelValue,
  validatePathSegment,
  validatePercent,
  validatePortName,
  validatePortNumber,
  validateQualifiedName,
  validateRelaxedEnvVarName,
  validateWildcardDns1123Subdomain,
} from './names.ts';
export {
  apiVersionOf,
  controllerOf,
  isControlledBy,
  joinKey,
  objectKey,
  observed,
  ownerReferenceTo,
  parseApiVersion,
  selectorMatchesObject,
  splitKey,
} from './object.ts';
export { fnv32a, podTemplateHash, safeEncode } from './pod-template-hash.ts';
export {
  Quantity,
  QuantitySyntaxError,
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityFromMilli,
  quantityFromNumber,
  quantityOf,
  subtractQuantities,
  tryParseQuantity,
  zeroQuantity,
} from './quantity.ts';
export type { QuantityFormat } from './quantity.ts';
export type { FieldKind, FieldSchema, MessageSchema, SchemaLookup } from './schema.ts';
export { applyStrategicMergePatch } from './strategic-merge-patch.ts';
export { TimeSyntaxError, formatMicroTime, formatTime, parseTime, tryParseTime } from './time.ts';
export type {
  GroupKind,
  GroupResource,
  KubeList,
  KubeObject,
  LabelSelector,
  LabelSelectorRequirement,
  ListMeta,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
  ResourceType,
  Status,
  StatusCause,
  StatusDetails,
  TypeMeta,
} from './types.ts';
export { metadataOffset, respliceRevision, spliceRevision } from './stored-json.ts';
export { validateAnnotations } from './annotations.ts';
