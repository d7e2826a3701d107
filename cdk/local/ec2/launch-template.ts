import { z } from 'zod';
import type { Assembly } from '../synth/assembly.ts';
import type { Stack } from '../template/stack.ts';
import { readCloudConfig } from './cloud-config.ts';
import type { LaunchTemplate } from './ec2-instance.ts';

const groupSchema = z.object({
  LaunchTemplate: z.object({ LaunchTemplateId: z.string() }),
});
const launchTemplateSchema = z.object({
  LaunchTemplateData: z.object({
    UserData: z.base64(),
    IamInstanceProfile: z.object({ Arn: z.string() }),
    MetadataOptions: z.object({ HttpTokens: z.literal('required') }),
  }),
});
const profileSchema = z.object({ Roles: z.tuple([z.string()]) });

/** The one group's launch template: bundle, configuration and role of its machines. */
export function launchTemplate(stack: Stack, assembly: Assembly): LaunchTemplate {
  const group = groupSchema.parse(stack.only('AWS::AutoScaling::AutoScalingGroup').properties);
  const template = launchTemplateSchema.parse(
    stack.called('AWS::EC2::LaunchTemplate', group.LaunchTemplate.LaunchTemplateId).properties,
  ).LaunchTemplateData;
  const profile = profileSchema.parse(
    stack.called('AWS::IAM::InstanceProfile', template.IamInstanceProfile.Arn).properties,
  );
  const role = stack.called('AWS::IAM::Role', profile.Roles[0]);
  const recipe = readCloudConfig(Buffer.from(template.UserData, 'base64').toString());
  return {
    recipe,
    bundleFolder: assembly.assetDirectory(recipe.bundleKey),
    role: { roleName: role.ref, roleId: role.attribute('RoleId') },
  };
}
