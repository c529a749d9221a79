"""Bodies that are bytes: an API whose binary media types are `*/*` treats every body so, which LocalStack's leaves out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html
"""

from localstack.runtime import hooks


@hooks.on_infra_start()
def take_any_type_for_binary():
    from localstack.services.apigateway.next_gen.execute_api.handlers import integration_request
    from localstack.services.apigateway.next_gen.execute_api.integrations import aws

    matches = aws.mime_type_matches_binary_media_types

    def matches_any(mime_type, binary_media_types):
        return "*/*" in (binary_media_types or []) or matches(mime_type, binary_media_types)

    for module in (aws, integration_request):
        module.mime_type_matches_binary_media_types = matches_any
