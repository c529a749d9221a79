"""What LocalStack's CloudFormation does not know of templates: names that SAM makes, buckets that stay, aliases that move."""

from localstack.runtime import hooks


@hooks.on_infra_start()
def understand_templates():
    from localstack.services.cloudformation.engine.v2.change_set_model import ChangeSetModel
    from localstack.services.cloudformation.engine.v2.change_set_model_preproc import DeletionPolicy, PreprocResource
    from localstack.services.cloudformation.engine.v2.change_set_model_transform import ChangeSetModelTransform
    from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent
    from localstack.services.lambda_.resource_providers.lambda_alias import LambdaAliasProvider
    from localstack.utils.patch import patch

    # It looks for Fn::Transform, of which there is none, and stumbles over `ResizeFunction.Alias`, which is SAM's to make.
    @patch(ChangeSetModelTransform._execute_local_transforms)
    def execute_local_transforms(execute, transform):
        pass

    # Only a stack whose creation failed takes such a resource with it.
    @patch(PreprocResource.__init__)
    def resource(init, self, *arguments, deletion_policy, **others):
        if deletion_policy == DeletionPolicy.RetainExceptOnCreate:
            deletion_policy = DeletionPolicy.Retain
        init(self, *arguments, deletion_policy=deletion_policy, **others)

    # To it, whoever refers to a function by its name is given another name when the function changes in any way. No name in
    # these stacks ever changes.
    @patch(ChangeSetModel._resolve_requires_replacement)
    def resolve_requires_replacement(*_arguments, **_named):
        return False

    @patch(LambdaAliasProvider.update)
    def update(update, provider, request):
        model = request.desired_state
        moved = {name: model[name] for name in ("FunctionName", "Name", "FunctionVersion")}
        request.aws_client_factory.lambda_.update_alias(**moved)
        model["Id"] = request.previous_state["Id"]
        return ProgressEvent(status=OperationStatus.SUCCESS, resource_model=model)
