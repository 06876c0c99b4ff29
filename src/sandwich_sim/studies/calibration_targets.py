"""What the base scenario is calibrated to: every target with its evidence.

A target that the model misses says why.
"""

from __future__ import annotations

from sandwich_sim.studies.calibration_measures import (
    FACTOR,
    MONEY,
    MONTHS,
    Target,
    Wanted,
    at,
    decline,
    growth,
    log_change,
    mean_between,
    mean_of_year,
    over_years,
    ratio,
    share_of_numbers,
    swing,
)

LABS = (
    Target(
        "Lab revenue, start",
        at("revenue.lab", 0),
        Wanted(75, 85, unit=MONEY),
        "`openai_runrate_2026h1`, `anthropic_runrate_2026_05`; assumption: 3 to 13 for all others",
    ),
    *over_years(
        "Inference margin",
        "inference_margin",
        (0, 1),
        Wanted(0.33, 0.72, best=0.60),
        "`anthropic_inference_gm_2026`, `lab_inference_gm_2026q1`; low: `openai_gross_margin_2025`",
    ),
    *over_years(
        "Inference margin",
        "inference_margin",
        (3, 5, 10),
        Wanted(0.0, 0.75),
        "assumption: follows the gap, from nothing once open weights have caught up to 0.75 with a lead",
    ),
    *over_years(
        "Lab operating margin",
        "margin.lab",
        (0, 1),
        Wanted(-1.60, 0.05, best=-0.50),
        "`openai_operating_margin_2025`, `anthropic_opprofit_2026q2`",
    ),
    Target(
        "Training compute, share of lab cost",
        ratio("training_compute", "lab_cost", 0),
        Wanted(0.38, 0.46, best=0.42),
        "`anthropic_training_share_of_spend`",
    ),
    Target(
        "Inference, share of lab cost",
        ratio("inference", "lab_cost", 0),
        Wanted(0.24, 0.32, best=0.28),
        "`anthropic_inference_share_of_spend`",
    ),
    Target(
        "Lab cost paid to clouds",
        ratio("lab_to_cloud", "lab_cost", 0),
        Wanted(0.60, 0.70, best=0.65),
        "`lab_costs_paid_to_cloud`",
    ),
    Target(
        "Users' money spent directly at labs",
        share_of_numbers("demand.lab.spend", "demand.app.spend"),
        Wanted(0.55, 0.80, best=0.70),
        "`app_layer_revenue_2026` counts both; assumption: range",
    ),
)

APPS = (
    Target(
        "App gross margin, start",
        at("gross_margin.app", 0),
        Wanted(0.45, 0.52),
        "`ai_product_gm_2026`, `ai_product_gm_2025`",
    ),
    Target(
        "Inference, share of app revenue",
        ratio("app_inference", "revenue.app", 0),
        Wanted(0.10, 0.60, best=0.23),
        "`app_inference_share_revenue`",
    ),
    *over_years(
        "App operating margin",
        "margin.app",
        (0,),
        Wanted(-0.10, 0.10),
        "assumption: apps as a whole about break even today",
    ),
    *over_years(
        "App operating margin",
        "margin.app",
        (1, 5, 10),
        Wanted(-0.10, 0.25),
        "assumption: as today, or up to that of good software",
    ),
)

CLOUD = (
    *over_years(
        "Cloud margin",
        "margin.cloud",
        (0, 1),
        Wanted(0.16, 0.34, best=0.27),
        "`aws_op_margin_q1_2026`, `google_cloud_op_margin_q1_2026` and, for rented accelerators, "
        "`coreweave_op_margin_q1_2026`; weighted by `hyperscaler_share_compute_owned`",
    ),
    Target(
        "Cloud margin, mean of years 3 to 5",
        mean_between("margin.cloud", 3, 5),
        Wanted(0.19, 0.27, best=0.23),
        "assumption: large clouds settle at 0.25 to 0.32, rented accelerators at 0.05 to 0.15; same weights",
    ),
    *over_years(
        "Cloud margin",
        "margin.cloud",
        (5, 10),
        Wanted(0.19, 0.27, best=0.23),
        "assumption: as the mean of years 3 to 5",
    ),
    Target(
        "Energy, share of cloud cost at replacement prices",
        ratio("revenue.power", "cloud_user_cost", 0),
        Wanted(0.05, 0.12, best=0.07),
        "`dc_tco_energy_share`",
    ),
    Target(
        "Energy, share of cloud cost as booked",
        ratio("revenue.power", "cloud_cost", 0),
        Wanted(0.05, 0.12, best=0.07),
        "`dc_tco_energy_share`",
    ),
)

SUPPLIERS = (
    *over_years(
        "Chip margin", "margin.chips", (0, 1), Wanted(0.58, 0.66, best=0.63), "`nvidia_op_margin_q1fy27`"
    ),
    *over_years(
        "Chip margin",
        "margin.chips",
        (5, 10),
        Wanted(0.35, 0.60),
        "assumption: custom silicon and second sources take it down, to 0.35 at worst",
    ),
    *over_years(
        "Data center margin",
        "margin.datacenter",
        (0, 1, 10),
        Wanted(0.10, 0.22, best=0.18),
        "`equinix_op_margin_2025`, `digital_realty_op_margin`",
    ),
    *over_years(
        "Foundry margin", "margin.foundry", (0, 1), Wanted(0.45, 0.58, best=0.54), "`tsmc_op_margin_q4_2025`"
    ),
    *over_years(
        "Foundry margin",
        "margin.foundry",
        (10,),
        Wanted(0.45, 0.55),
        "assumption: no second foundry at the leading edge changes it much",
    ),
    *over_years(
        "Memory margin",
        "margin.memory",
        (0, 1),
        Wanted(0.58, 0.81, best=0.72),
        "`skhynix_op_margin_q1_2026`, `micron_op_margin_fq3_26`",
    ),
    *over_years(
        "Memory margin",
        "margin.memory",
        (5, 10),
        Wanted(-0.20, 0.65, best=0.35),
        "`memory_op_margin_through_cycle`",
    ),
    *over_years(
        "Power margin", "margin.power", (0, 1, 10), Wanted(0.10, 0.25, best=0.16), "`constellation_op_margin`"
    ),
)

CAPITAL = (
    Target(
        "AI capital spending, start",
        at("capex", 0),
        Wanted(600, 800, best=700, unit=MONEY),
        "`hyperscaler_capex_2026` times `ai_share_of_capex_2026`, over the firms' share of world compute",
    ),
    Target(
        "AI capital spending, year 1",
        at("capex", 1),
        Wanted(800, 1250, best=1000, unit=MONEY),
        "`hyperscaler_capex_2027` times `ai_share_of_capex_2026`, over the firms' share of world compute",
    ),
    Target(
        "Capital spending over depreciation",
        ratio("capex", "depreciation", 0),
        Wanted(3.5, 4.2, best=3.9, unit=FACTOR),
        "`capex_over_depreciation`",
    ),
    Target(
        "Accelerator sales, start",
        at("revenue.chips", 0),
        Wanted(300, 390, best=344, unit=MONEY),
        "`nvidia_dc_revenue_q1fy27`, `broadcom_ai_rev_q2fy26`, both times four",
    ),
    Target(
        "Accelerator sales, year 1",
        at("revenue.chips", 1),
        Wanted(390, 560, best=430, unit=MONEY),
        "assumption: grow as capital spending is forecast to",
    ),
    Target(
        "Accelerators, share of capital spending",
        ratio("revenue.chips", "capex", 0),
        Wanted(0.42, 0.66, best=0.49),
        "`dc_capex_gpu_share_bernstein` over `accelerator_share_nvidia_2026`",
    ),
    Target(
        "Chip gross profit, share of capital spending",
        ratio("chip_gross_profit", "capex", 0),
        Wanted(0.30, 0.45),
        "`nvidia_gp_share_of_dc_capex` over `accelerator_share_nvidia_2026`",
    ),
    Target(
        "Memory, share of accelerator sales, start",
        ratio("revenue.memory", "revenue.chips", 0),
        Wanted(0.11, 0.18, best=0.14),
        "`hbm_share_of_accel_revenue`",
    ),
    Target(
        "Memory, share of accelerator sales, year 1",
        ratio("revenue.memory", "revenue.chips", 1),
        Wanted(0.11, 0.18, best=0.14),
        "`hbm_share_of_accel_revenue`",
    ),
    Target(
        "Foundry and packaging, share of accelerator sales",
        ratio("revenue.foundry", "revenue.chips", 0),
        Wanted(0.05, 0.11, best=0.065),
        "`tsmc_share_of_accel_revenue`",
    ),
    Target(
        "Installed compute, growth in year 1",
        growth("installed", 1),
        Wanted(2.7, 4.1, best=3.3, unit=FACTOR),
        "`ai_compute_stock_growth`",
        reason="The measured growth is that of 2022 to 2026. To go on at 2.7-fold a year, spending on "
        "accelerators would have to grow at a log rate near 0.7. Forecasts of capital spending for 2027 "
        "imply 0.33 to 0.43, and the model follows the forecasts. The band ends where the range begins.",
    ),
)

TOKENS = (
    Target(
        "Tokens of constant capability, growth in year 1",
        growth("tokens", 1),
        Wanted(3, 12, best=6, unit=FACTOR),
        "`google_token_growth`; assumption: wider, one firm is not the market",
    ),
    *over_years(
        "Open share of tokens as listed",
        "open_share_listed",
        (0,),
        Wanted(0.20, 0.33),
        "`open_usage_share_2025`",
    ),
    *over_years(
        "Open share of tokens as listed",
        "open_share_listed",
        (1,),
        Wanted(0.20, 0.69),
        "`open_usage_share_2025`, `open_usage_share_2026`",
    ),
    Target(
        "Open share of money spent on tokens, start",
        at("open_money_share", 0),
        Wanted(0.03, 0.10, best=0.04),
        "`open_revenue_share_2025`",
    ),
    Target(
        "Closed over open price as listed, start",
        at("list_price_ratio", 0),
        Wanted(5, 8, best=6, unit=FACTOR),
        "`open_price_discount_nagle`",
    ),
    Target(
        "Fall of the open price, year 1",
        decline("line", 0, 1),
        Wanted(5, 10, best=7, unit=FACTOR),
        "`price_deflation_const_capability_mit2026`",
    ),
    Target(
        "Fall of the open price, years 2 to 4",
        decline("line", 1, 4),
        Wanted(2.5, 7, best=4, unit=FACTOR),
        "assumption: slows to about fourfold a year by 2030",
    ),
    Target(
        "Fall of the cost of serving, year 1",
        decline("cost", 0, 1),
        Wanted(2, 5, best=3.3, unit=FACTOR),
        "`token_cost_decline_per_year_system`",
    ),
    Target(
        "Rent of compute, log change in year 1",
        log_change("compute_price", 1),
        Wanted(-0.55, 0.15, best=-0.20),
        "`h100_rent_2024_early`, `h100_rent_2025_trough`, `h100_rent_2026_03`; "
        "assumption: mean -0.20, a standard deviation of 0.35 each way",
    ),
    Target(
        "Rent of compute, swings",
        swing("compute_price"),
        Wanted(0.20, 0.50, best=0.35),
        "`h100_rent_2024_early`, `h100_rent_2025_trough`, `h100_rent_2026_03`; assumption: range",
        reason="Rents of one accelerator fell by two fifths and then rose by as much, within two years. Here "
        "a rent is a markup over unit cost: shortage acts on the markup alone, contracts reprice slowly, "
        "and cost moves smoothly. The trend of rents is right, their swings are far too small.",
    ),
    *over_years(
        "Capability gap",
        "gap",
        (1, 5, 10),
        Wanted(2, 10, best=4, unit=MONTHS),
        "`open_lag_months_eci_2026`; assumption: no trend",
    ),
)

WHOLE = (
    Target(
        "Semiconductors, share of gross profit",
        ratio("semi_gross_profit", "chain_gross_profit", 0),
        Wanted(0.70, 0.83, best=0.79),
        "`semi_share_gross_profit_2026`",
        reason="The published share counts compute that is sold. Most AI compute is used by those who own "
        "it, and the model books a cloud profit on that use too. Counted as published, the target is met: "
        "see the row below it.",
    ),
    Target(
        "Semiconductors, share of gross profit, sold compute only",
        ratio("semi_gross_profit", "sold_gross_profit", 0),
        Wanted(0.70, 0.83, best=0.79),
        "`semi_share_gross_profit_2026`",
    ),
    Target(
        "All AI spending, 2028",
        mean_of_year("spend", 2028),
        Wanted(400, 1300, best=1100, unit=MONEY),
        "`genai_revenue_2028_ms`",
    ),
    Target(
        "All AI spending, 2030",
        mean_of_year("spend", 2030),
        Wanted(1200, 2500, best=2000, unit=MONEY),
        "`ai_revenue_needed_2030`",
    ),
    *over_years(
        "All AI spending",
        "spend",
        (10,),
        Wanted(2000, 4000, unit=MONEY),
        "assumption: one to two percent of world output by then",
    ),
    Target(
        "Lab revenue, 2030",
        mean_of_year("revenue.lab", 2030),
        Wanted(280, 800, best=560, unit=MONEY),
        "`openai_revenue_proj_2030` over its share; assumption: half, a third to all",
    ),
)

TARGETS: dict[str, tuple[Target, ...]] = {
    "Model labs": LABS,
    "Apps": APPS,
    "Cloud": CLOUD,
    "Suppliers": SUPPLIERS,
    "Capital spending": CAPITAL,
    "Tokens and prices": TOKENS,
    "The whole chain": WHOLE,
}
