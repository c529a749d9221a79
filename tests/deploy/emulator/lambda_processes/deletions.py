"""Deletions that S3 makes only if the object still is the one that was seen, which LocalStack's S3 refuses as unknown.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
"""

import threading

from localstack.runtime import hooks

# Nobody may write between the look and the deletion of another deletion; writers have a lock of LocalStack's own.
ONE_BY_ONE = threading.Lock()


@hooks.on_infra_start()
def honour_conditions_of_deletions():
    from localstack.aws.api.s3 import NoSuchKey, PreconditionFailed
    from localstack.services.s3.provider import S3Provider
    from localstack.utils.patch import patch

    @patch(S3Provider.delete_object)
    def delete_object(delete, provider, context, bucket, key, if_match=None, **others):
        if if_match is None:
            return delete(provider, context, bucket=bucket, key=key, **others)
        with ONE_BY_ONE:
            _, kept = provider._get_cross_account_bucket(context, bucket)
            there = kept.objects.get(key)
            if there is None:
                raise NoSuchKey("The specified key does not exist.", Key=key)
            if if_match.strip('"') not in ("*", there.etag.strip('"')):
                raise PreconditionFailed(
                    "At least one of the pre-conditions you specified did not hold", Condition="If-Match"
                )
            return delete(provider, context, bucket=bucket, key=key, **others)
