import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';
import { service as healthService } from 'grpc-health-check';
import { descriptors } from './gen/descriptors.ts';

type Descriptions = ConstructorParameters<typeof ReflectionService>[0];

/** Reflection (v1 and v1alpha) that lists `services`, all of them described in proto/ or the health service. */
export function createReflection(services: readonly string[]): ReflectionService {
  const set = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, 'base64'));
  const own = set.file.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)));
  const health = (healthService['Check']!.requestType as { fileDescriptorProtos: Buffer[] })
    .fileDescriptorProtos;
  // The package asks for a loaded package definition and reads just these descriptors from it.
  const definition = { described: { format: '', type: {}, fileDescriptorProtos: [...own, ...health] } };
  return new ReflectionService(definition as unknown as Descriptions, { services: [...services] });
}
