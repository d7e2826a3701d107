import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { explainRefusal } from '../iam/explain.ts';
import { identityPolicies } from '../iam/identity-policies.ts';
import { assertTrusts } from '../iam/trust.ts';
import type { Assembly } from '../synth/assembly.ts';
import { place } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';
import { type MemberRecipe, readCloudConfig } from './cloud-config.ts';
import type { LaunchTemplate } from './ec2-instance.ts';

const specification = z.object({ LaunchTemplateId: z.string() });
const groupSchema = z.object({
  LaunchTemplate: specification.optional(),
  MixedInstancesPolicy: z
    .object({
      LaunchTemplate: z.object({
        LaunchTemplateSpecification: specification,
        Overrides: z
          .array(z.object({ LaunchTemplateSpecification: specification.optional() }))
          .default([]),
      }),
    })
    .optional(),
});
const launchTemplateSchema = z.object({
  LaunchTemplateData: z.object({
    UserData: z.base64(),
    IamInstanceProfile: z.object({ Arn: z.string().optional(), Name: z.string().optional() }),
    MetadataOptions: z.object({ HttpTokens: z.literal('required') }),
  }),
});
const profileSchema = z.object({ Roles: z.tuple([z.string()]) });

/**
 * How a member of the one group is made: bundle, configuration and role. The group may choose
 * between kinds of machines, but not between kinds of members.
 */
export function launchTemplate(stack: Stack, assembly: Assembly): LaunchTemplate {
  const [chosen, ...others] = templatesOf(stack).map(
    (id) =>
      launchTemplateSchema.parse(stack.called('AWS::EC2::LaunchTemplate', id).properties)
        .LaunchTemplateData,
  );
  if (chosen === undefined) throw new TemplateError('the group names no launch template');
  if (others.some((other) => !isDeepStrictEqual(other, chosen))) {
    throw new TemplateError('the launch templates of the group make different members');
  }
  const profileName = chosen.IamInstanceProfile.Arn ?? chosen.IamInstanceProfile.Name ?? '';
  const profile = profileSchema.parse(
    stack.called('AWS::IAM::InstanceProfile', profileName).properties,
  );
  const role = stack.called('AWS::IAM::Role', profile.Roles[0]);
  assertTrusts(role, 'ec2.amazonaws.com');
  const recipe = readCloudConfig(Buffer.from(chosen.UserData, 'base64').toString());
  assertDownloads(stack, `role ${role.ref}`, recipe.bundle);
  return {
    recipe,
    bundleFolder: assembly.assetDirectory(recipe.bundle.key),
    role: { roleName: role.ref, roleId: role.attribute('RoleId') },
  };
}

/** Of the one kind of machine, or of the kinds a mixed group chooses from. */
function templatesOf(stack: Stack): readonly string[] {
  const group = groupSchema.parse(stack.only('AWS::AutoScaling::AutoScalingGroup').properties);
  const mixed = group.MixedInstancesPolicy?.LaunchTemplate;
  const specifications = [
    group.LaunchTemplate,
    mixed?.LaunchTemplateSpecification,
    ...(mixed?.Overrides ?? []).map((override) => override.LaunchTemplateSpecification),
  ];
  return [...new Set(specifications.flatMap((one) => (one ? [one.LaunchTemplateId] : [])))];
}

/** The machine copies its program from S3 with its own credentials. */
function assertDownloads(stack: Stack, holder: string, bundle: MemberRecipe['bundle']): void {
  const request = {
    action: 's3:GetObject',
    resource: `arn:${place.partition}:s3:::${bundle.bucket}/${bundle.key}`,
  };
  const reason = explainRefusal(holder, identityPolicies(stack).get(holder), request);
  if (reason !== undefined) throw new TemplateError(`a member cannot download itself: ${reason}`);
}
