"""What an alias says about failed events, which LocalStack looks for at the version behind it, where nobody said anything.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
"""

from localstack.runtime import hooks


@hooks.on_infra_start()
def heed_what_aliases_say_about_events():
    from localstack.services.lambda_.invocation.event_manager import Poller
    from localstack.utils.patch import patch

    @patch(Poller.handle_message)
    def handle_message(handle, poller, message):
        function = poller.version_manager.function
        version = poller.version_manager.function_version.id.qualifier
        for name, alias in function.aliases.items():
            if alias.function_version == version and name in function.event_invoke_configs:
                function.event_invoke_configs[version] = function.event_invoke_configs[name]
        return handle(poller, message)
