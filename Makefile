# `make` alone lists the targets. Each makes .venv first, where it is missing or older than the pins.
PYTHON ?= python3
BASE ?= main
K ?= 3
export BASE K
MLFLOW_VERSION := 3.17.2
BIN := .venv/bin
# The stages in dvc.yaml say `python`: the one of the environment, also where nobody has activated it.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1

.DEFAULT_GOAL := help
.PHONY: help env extras lock demo repro cv seeds report recipe stratify serve sweep mlflow dagster test check format s3
.PHONY: advice connect doctor docs power test-fast profile bench clean repro-ci retrain-ci push-ci commit-ci torch-newest
.PHONY: release new pictures site

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

env: .venv/.made ## Make the environment (.venv) from requirements/dev.txt

.venv/.made: requirements/uv.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
		|| { echo "Specimen needs Python 3.11 to 3.14; name one: make PYTHON=python3.14 ..."; exit 2; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/uv.txt
	$(BIN)/uv pip install --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements/dev.txt
	$(BIN)/uv pip install --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python tools/plots_page.py
	@touch $@

# All extras as well: trackers, Dagster, Optuna, timm, HEIC, docs. Only tests and the targets that name them need these.
.venv/.all: .venv/.made requirements/all.txt
	$(BIN)/uv pip install --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements/all.txt
	@touch $@

# npm ci checks the hash of each package. It needs no build: what the pages take is in the packages as files.
node_modules/.made: package.json package-lock.json .npmrc
	@npm --version > /dev/null 2>&1 \
		|| { echo "This needs npm, which comes with Node.js (20 or newer): https://nodejs.org/, or apt-get install npm"; exit 2; }
	npm ci
	@touch $@

torch-newest: .venv/.all ## Put the newest torch in place of the pinned one, until `make env` makes .venv again
	$(BIN)/uv pip install --upgrade --python $(BIN)/python torch torchvision

extras: .venv/.all ## Install the extras too: trackers, Dagster, Optuna, timm, HEIC, docs

# With the hashes of all files of a version: what was published later, or by somebody else, is not installed.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate
lock: env ## Compile the pins of requirements/ from requirements.txt, requirements/*.in and pyproject.toml
	$(BIN)/$(LOCK) --all-extras pyproject.toml --output-file requirements/all.txt
	$(BIN)/$(LOCK) --extra dev --extra export --extra report --extra serve --constraint requirements/all.txt pyproject.toml \
		--output-file requirements/dev.txt
	$(BIN)/$(LOCK) --constraint requirements/dev.txt requirements/serve.in --output-file requirements/serve.txt
	$(BIN)/$(LOCK) --constraint requirements/dev.txt requirements/comment.in --output-file requirements/comment.txt
	$(BIN)/$(LOCK) requirements/uv.in --output-file requirements/uv.txt
	$(BIN)/$(LOCK) requirements/cloud.in --output-file requirements/cloud.txt
	$(BIN)/$(LOCK) --extra export --excludes requirements/torch.excludes --constraint requirements/dev.txt pyproject.toml \
		--output-file requirements/train.txt

doctor: env ## Say what is wrong with machine, repository, remote, CI or data, and the way out
	@$(BIN)/python tools/doctor.py

demo: env ## Run the whole pipeline on the embedded sample, and say where to look
	$(BIN)/dvc repro
	@$(BIN)/python tools/summary.py

repro: env ## Run what params, code or data have changed
	$(BIN)/dvc repro

cv: env ## Cross-validate: train and evaluate each of split.folds that has changed
	@$(BIN)/python tools/cv.py

advice: env ## What to do next, from the folds of `make cv`: labels to check, where it fails, are more plants worth it?
	@$(BIN)/python tools/advice.py

seeds: env ## Is a change more than the dice? Train this and BASE with other seeds: make seeds K=3
	@$(BIN)/python tools/seeds.py --count "$$K" --base "$$BASE"

report: env ## Write report.md and report.html, this against another revision: make report BASE=main OPEN=1
	$(BIN)/python src/report.py --base "$$BASE" --log repro.log $(if $(OPEN),--open)

repro-ci: env ## Take from the remote what is there, run the rest, and keep in repro.log what happened
	$(BIN)/python tools/ci_repro.py

retrain-ci: env ## Run what has changed since BASE, whatever dvc.lock says, and without the run cache
	$(BIN)/python tools/ci_repro.py --retrain "$$BASE"

push-ci: env ## Send all outputs to the remote, with what `dvc repro` needs to find them again
	$(BIN)/dvc push --run-cache

commit-ci: env ## Commit what a run in CI has changed, and push it to BRANCH
	git add -- '*dvc.lock' metrics
	git diff --cached --quiet || git -c user.name="github-actions[bot]" \
		-c user.email="41898282+github-actions[bot]@users.noreply.github.com" commit --quiet -m "Run the pipeline in CI"
	git push --quiet origin "HEAD:refs/heads/$$BRANCH"

release: env ## Fetch the model of a tag and check it against its metrics: make release TAG=model@v1.2.0
	$(BIN)/python tools/release.py "$$TAG"

# Two workers, each on one thread of OpenMP: more threads would take the cores from each other. In the order of folders the
# long files come first; in that of xdist, files of one test, which are the longest, come last, several for one worker.
PYTEST_WORKERS := --numprocesses 2 --dist loadfile --no-loadscope-reorder
PYTEST_THREADS := OMP_NUM_THREADS=1
# Without npm, the tests that need a package of npm are left out, as those with a browser are without a browser.
NODE_MODULES := $(if $(shell command -v npm 2> /dev/null)$(REQUIRE_NODE),node_modules/.made)
test: check .venv/.all $(NODE_MODULES) ## Lint, types and all tests with coverage
	$(BIN)/python -m coverage erase
	$(PYTEST_THREADS) $(BIN)/python -m coverage run -m pytest $(PYTEST_WORKERS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

test-fast: env ## The unit tests alone, in a minute
	$(PYTEST_THREADS) $(BIN)/python -m pytest $(PYTEST_WORKERS) tests/unit

check: env ## Lint, format, types, allowed imports, and the schemas of the GitHub files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@# Apart, since some files of bench/ and of tools/ have the same name.
	MYPYPATH=bench:tests:tools $(BIN)/mypy --follow-imports=silent bench
	$(BIN)/lint-imports --no-logo
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml docker/vm.compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci .gitlab-ci.yml
	$(BIN)/zizmor --offline --quiet --persona pedantic .github

format: env ## Format the code, and fix what the linter can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

recipe: env ## Put a recipe in place of params.yaml: make recipe NAME=celestial
	@$(BIN)/python tools/recipe.py $(NAME)

new: env ## Look at your own data in data/raw and propose params.yaml, with the reasons: make new
	@$(BIN)/python tools/new.py $(DATA)

power: env ## What the test split can find, before any pull request: make power METRIC=mae
	@$(BIN)/python tools/power.py $(if $(METRIC),--metric $(METRIC))

stratify: env ## Choose the split seed that balances best: make stratify COLUMNS="target age_days"
	$(BIN)/python tools/stratify.py $(COLUMNS)

site: env node_modules/.made ## The page without a server, for phones without a network, in site/: make site FORMAT=fp32
	@$(BIN)/python tools/make_site.py $(if $(FORMAT),--format "$(FORMAT)")

serve: env ## Serve the model: a page to drop photos on, and an API, on this machine
	$(BIN)/python src/serve.py

sweep: .venv/.all ## Search params with Optuna: make sweep SPACE="train.lr=1e-4..1e-2:log" TRIALS=20
	$(BIN)/python tools/sweep.py $(foreach part,$(SPACE),-S $(part)) --trials $(or $(TRIALS),20)

# In an environment of its own: the full package refuses the pandas of Specimen. On one file one worker is enough.
mlflow: .venv/.all ## Start a server of MLflow that takes and shows runs: make mlflow PORT=5001
	MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false \
		$(BIN)/uv tool run --python $(BIN)/python --from mlflow==$(MLFLOW_VERSION) \
		mlflow server --host $(or $(ADDRESS),127.0.0.1) --port $(or $(PORT),5001) --workers 1 \
		--backend-store-uri sqlite:///mlflow.db --serve-artifacts --artifacts-destination mlartifacts

dagster: .venv/.all ## Open Dagster on the stages of dvc.yaml
	@mkdir -p .dagster && printf 'telemetry: {enabled: false}\nnux: {enabled: false}\n' > .dagster/dagster.yaml
	DAGSTER_HOME=$(CURDIR)/.dagster $(BIN)/dagster dev --host 127.0.0.1 --working-directory $(CURDIR) \
		--module-name specimen.integrations.dagster_assets

docs: .venv/.all ## Build the documentation as a site, in build/docs/site
	@$(BIN)/python tools/docs_site.py

connect: env ## Connect a bucket and CI: make connect, or URL=s3://... REGION=... GITHUB=OWNER/NAME; PLAN=1 shows the plan
	@$(BIN)/python tools/connect.py $(if $(URL),--url "$(URL)") $(if $(REGION),--region "$(REGION)") \
		$(if $(ENDPOINT),--endpoint-url "$(ENDPOINT)") $(if $(GITHUB),--github "$(GITHUB)") \
		$(if $(GITLAB),--gitlab "$(GITLAB)") $(if $(PROFILE),--profile "$(PROFILE)") $(if $(PLAN),--plan)

pictures: .venv/.all ## Take the pictures of the docs again, from real runs: make pictures NAMES="sample page"
	$(BIN)/dvc repro
	$(BIN)/python tools/pictures.py $(NAMES)

s3: env ## Serve a real S3 protocol on this machine, and let dvc push and pull use it until Ctrl-C
	$(BIN)/python tools/s3.py

profile: env ## Show where the time of training goes, as a table and a trace
	$(BIN)/python tools/profile_train.py

bench: env node_modules/.made ## Measure, side by side with the usual way and with the limit
	$(BIN)/python bench/prepare.py
	$(BIN)/python bench/train.py
	$(BIN)/python bench/evaluate.py
	$(BIN)/python bench/kill.py
	$(BIN)/python bench/predict.py
	$(BIN)/python bench/serve.py
	$(BIN)/python bench/report.py
	$(BIN)/python bench/report.py HEAD
	$(BIN)/python bench/truth.py --cases 200
	$(BIN)/python bench/trainings.py --cases 200
	$(BIN)/python bench/advice.py
	$(BIN)/python bench/offline.py

clean: ## Remove the environment and the caches of the tools (data and models stay)
	rm -rf .venv node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* build profile
