package library_test

import "strings"

// catalogue lists the ids of the catalogue of business processes.
func catalogue() []string {
	return strings.Fields(`
		ad-production agency-event agent-sales-daily appreciation-event bad-debt bad-review
		bar-borrow bar-daily-duty bar-requisition beauty-visit candidate-reception commission
		complaint credit-account credit-authorisation-change credit-collection credit-signing cs-performance
		custom-order customer-assignment customer-care customer-data-collection daily-refund-report damage-report
		dealer-cs-daily dental-return-visit difficult-question duty-roster ecommerce-aftersales ecommerce-cs-daily
		exhibition-helpdesk exhibition-materials exhibition-participation exhibition-project exhibition-promotion exhibition-recruiting
		exhibitor-onboarding exhibitor-travel front-desk-booking group-settlement hospital-cleaning hotline-case
		incident-handling inquiry-register kpi-review large-event late-repair leave-cover
		lobby-duty loss-report lost-found maintenance-recall marketing-centre-duty meeting-minutes
		meeting-organising meeting-service meeting-supplies member-service online-lead onsite-installation
		onsite-repair order-exception-check order-lifecycle order-remark-change order-void p2p-client-ops
		payment-chase periodic-reporting phone-etiquette presale-chat price-request property-owner-service
		qa-audit reception-funds refund-batch renovation-return-visit restock-notify return-visit
		room-booking sales-return-visit service-conduct service-system shift-handover software-return-visit
		sop-rollout staff-exit-handover stock-loss store-daily-duty student-service suggestion
		table-setup task-order-signoff tea-service technician-call temporary-credit territory-transfer
		training-plan transfer-dispatch utility-service vehicle-service-visit venue-rental visitor-reception
		walk-in-visitor work-order-archive
	`)
}
