# What can be done with this repository. Each target is a script in scripts/.

.DEFAULT_GOAL := help
.PHONY: demo help test tools

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

demo: ## A bank to try things on, with live traffic: builds and runs it
	@scripts/demo.sh

test: ## Everything that must be green: format, rules, lints, docs, licences, tests, browser
	@scripts/test.sh

tools: ## What `make test` needs on the machine; on Debian as root it is installed
	@scripts/tools.sh test
