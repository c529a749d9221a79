# What `sam build` calls for EngineLayer. It copies the folder that ContentUri names to another place and runs the target there,
# so that only the way of this file leads back to the project.

PROJECT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)

.PHONY: build-EngineLayer
build-EngineLayer:
	$(MAKE) --directory $(PROJECT) --no-print-directory layer ARCH=$(ARCH) ARTIFACTS_DIR=$(abspath $(ARTIFACTS_DIR))
